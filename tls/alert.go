package tls

import (
	"errors"
	"strconv"
)

// Alert is the code of a TLS alert (RFC 8446 §6).
type Alert uint8

// The alerts that this package sends or looks at.
const (
	AlertCloseNotify       Alert = 0
	AlertUnexpectedMessage Alert = 10
	AlertBadRecordMAC      Alert = 20
	AlertRecordOverflow    Alert = 22
	AlertIllegalParameter  Alert = 47
	AlertDecodeError       Alert = 50
	AlertInternalError     Alert = 80
	AlertUserCanceled      Alert = 90
)

var alertNames = map[Alert]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
	42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
	46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
	51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
	86: "inappropriate_fallback", 90: "user_canceled", 109: "missing_extension", 110: "unsupported_extension",
	112: "unrecognized_name", 113: "bad_certificate_status_response", 115: "unknown_psk_identity",
	116: "certificate_required", 120: "no_application_protocol", 121: "ech_required",
}

// String is the alert's name in RFC 8446, or its number.
func (a Alert) String() string {
	if s, ok := alertNames[a]; ok {
		return s
	}
	return "alert " + strconv.Itoa(int(a))
}

// PeerError is an alert that the peer has sent: it gave up.
type PeerError struct{ Alert Alert }

func (e *PeerError) Error() string { return "tls: the peer sent " + e.Alert.String() }

// ProtocolError is a peer's violation of the protocol: this side gives up, with the alert.
type ProtocolError struct {
	Alert Alert
	Text  string // what was wrong
	Ref   string // the paragraph that says so
}

func (e *ProtocolError) Error() string {
	return "tls: " + e.Text + " (" + e.Alert.String() + ", " + e.Ref + ")"
}

// Violations after the handshake, prebuilt: no peer can make this side allocate for each.
var (
	errOuterType      = &ProtocolError{AlertUnexpectedMessage, "record that is not application_data after the handshake", "RFC 8446 §5"}
	errOuterVersion   = &ProtocolError{AlertUnexpectedMessage, "record of another version than 0x0303 after the handshake", "RFC 8446 §5.1"}
	errOuterLength    = &ProtocolError{AlertRecordOverflow, "record longer than 2^14 + 256 bytes", "RFC 8446 §5.2"}
	errInnerLength    = &ProtocolError{AlertRecordOverflow, "plaintext longer than 2^14 bytes", "RFC 8446 §5.2"}
	errInnerZero      = &ProtocolError{AlertUnexpectedMessage, "plaintext without content type", "RFC 8446 §5.4"}
	errInnerType      = &ProtocolError{AlertUnexpectedMessage, "plaintext of an unknown content type", "RFC 8446 §5"}
	errBadMAC         = &ProtocolError{AlertBadRecordMAC, "record cannot be decrypted", "RFC 8446 §5.2"}
	errAlertLength    = &ProtocolError{AlertDecodeError, "alert that is not two bytes long", "RFC 8446 §6"}
	errInterleaved    = &ProtocolError{AlertUnexpectedMessage, "another record within a handshake message", "RFC 8446 §5.1"}
	errEmptyHandshake = &ProtocolError{AlertUnexpectedMessage, "handshake record without bytes", "RFC 8446 §5.1"}
	errPostLength     = &ProtocolError{AlertDecodeError, "post-handshake message is too long", "RFC 8446 §4.6"}
	errPostType       = &ProtocolError{AlertUnexpectedMessage, "unexpected post-handshake message", "RFC 8446 §4.6"}
	errTicket         = &ProtocolError{AlertDecodeError, "malformed session ticket", "RFC 8446 §4.6.1"}
	errUpdateLength   = &ProtocolError{AlertDecodeError, "KeyUpdate of a wrong length", "RFC 8446 §4.6.3"}
	errUpdateValue    = &ProtocolError{AlertIllegalParameter, "KeyUpdate with an unknown request", "RFC 8446 §4.6.3"}
	errUpdateLast     = &ProtocolError{AlertUnexpectedMessage, "KeyUpdate is not the last in its record", "RFC 8446 §5.1"}
	errUseless        = &ProtocolError{AlertUnexpectedMessage, "too many records in a row that carry no data", "RFC 8446 §5.4"}
	errExhausted      = &ProtocolError{AlertInternalError, "too many records under one key", "RFC 8446 §5.5"}
)

var (
	// ErrTruncated says that the connection ended without close_notify (RFC 8446 §6.1): an
	// attacker may have cut it, so that what arrived is not known to be all.
	ErrTruncated = errors.New("tls: connection ended without close_notify: it may have been cut short by somebody else")

	// ErrPlaintext says that the peer does not speak TLS: most often it is a client that was
	// told http instead of https.
	ErrPlaintext = errors.New("tls: the peer does not speak TLS: is it a client of http on the port of https?")

	// ErrClosed is returned for what comes after the end of a session: it failed, was closed, or
	// was aborted.
	ErrClosed = errors.New("tls: session is over")

	// ErrNoSecrets says that the handshake went well but the keys of the records did not become
	// known. It is a fault of this package or of a Config that GetConfigForClient made.
	ErrNoSecrets = errors.New("tls: handshake ended without traffic secrets")
)
