package tls

import (
	stdtls "crypto/tls"

	"github.com/ringwire/ringwire/tls/keyexchange"
)

// What Go's newer or older versions have no names for.
const (
	groupSecP256r1MLKEM768  stdtls.CurveID = 4587 // Go 1.26
	groupSecP384r1MLKEM1024 stdtls.CurveID = 4589 // Go 1.26
	groupX448               stdtls.CurveID = 30

	schemeEd448   stdtls.SignatureScheme = 0x0808
	schemeMLDSA44 stdtls.SignatureScheme = 0x0904
	schemeMLDSA65 stdtls.SignatureScheme = 0x0905
	schemeMLDSA87 stdtls.SignatureScheme = 0x0906
)

var newSchemes = map[stdtls.SignatureScheme]string{schemeEd448: "Ed448", schemeMLDSA44: "MLDSA44", schemeMLDSA65: "MLDSA65", schemeMLDSA87: "MLDSA87"}

func nameOfGroup(id uint16) string {
	switch g := stdtls.CurveID(id); g {
	case groupX448:
		return "X448"
	case stdtls.CurveP521:
		return "P-521"
	case stdtls.X25519, stdtls.CurveP256, stdtls.CurveP384, stdtls.X25519MLKEM768, groupSecP256r1MLKEM768, groupSecP384r1MLKEM1024:
		return keyexchange.Group(id).String()
	default:
		return g.String()
	}
}

func nameOfScheme(id uint16) string {
	if name, ours := newSchemes[stdtls.SignatureScheme(id)]; ours {
		return name
	}
	return stdtls.SignatureScheme(id).String()
}
