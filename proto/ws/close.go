package ws

// Status codes of a Close (RFC 6455 §7.4.1, and the IANA registry for those from 1012 on).
const (
	NormalClosure      uint16 = 1000
	GoingAway          uint16 = 1001
	ProtocolError      uint16 = 1002
	UnsupportedData    uint16 = 1003
	NoStatus           uint16 = 1005 // a Close without a code; AppendClose then sends none
	Abnormal           uint16 = 1006 // no Close has come; never sent
	InvalidPayload     uint16 = 1007
	PolicyViolation    uint16 = 1008
	TooLarge           uint16 = 1009
	MandatoryExtension uint16 = 1010
	InternalError      uint16 = 1011
	ServiceRestart     uint16 = 1012
	TryAgainLater      uint16 = 1013
	BadGateway         uint16 = 1014
)

// ValidCode reports whether code may stand in a Close frame: it is registered for that, or of the ranges for
// libraries (3000) and for applications (4000).
func ValidCode(code uint16) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999
}
