package tls

import (
	stdtls "crypto/tls"
	"encoding/json"
	"strings"
	"testing"
)

func sample() Capabilities {
	var none Capabilities
	return none.With(CanTLS13, "").Without(CanKernelTX, "no module").With(GroupCapability(stdtls.X25519), "by hand")
}

func TestCapabilitiesTable(t *testing.T) {
	want := `capabilities
  TLS 1.3       yes
  kTLS sending  no  no module
groups
  X25519  yes  by hand
signature schemes
cipher suites
key exchange of our own
`
	if got := sample().String(); got != want {
		t.Errorf("the table is\n%s, want\n%s", got, want)
	}
}

func TestCapabilitiesJSON(t *testing.T) {
	got, err := json.Marshal(sample())
	want := `{"cipher_suites":[],"features":[{"name":"tls13","has":true},{"name":"kernel_tx","has":false,"why":"no module"}],` +
		`"groups":[{"name":"X25519","id":29,"has":true,"why":"by hand"}],"key_exchange":[],"signature_schemes":[]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	// Nothing that is probed gets lost on the way.
	var all map[string][]jsonFinding
	text, err := json.Marshal(Probe())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, list := range all {
		n += len(list)
	}
	if lines := strings.Count(Probe().String(), "\n") - len(capabilityKinds); n != len(Probe().Findings()) || lines != n {
		t.Errorf("%d in JSON, %d in the table, want %d", n, lines, len(Probe().Findings()))
	}
}
