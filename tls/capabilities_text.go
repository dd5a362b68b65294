package tls

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// capabilityKinds are the sections of both forms, in order.
var capabilityKinds = [...]struct {
	kind  Capability
	title string
	key   string
}{
	{kindFeature, "capabilities", "features"},
	{kindGroup, "groups", "groups"},
	{kindScheme, "signature schemes", "signature_schemes"},
	{kindSuite, "cipher suites", "cipher_suites"},
	{kindKeyExchange, "key exchange of our own", "key_exchange"},
}

// String is a table for people: a section for each kind, a line for each capability.
func (cs Capabilities) String() string {
	var b strings.Builder
	all := cs.Findings()
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, k := range capabilityKinds {
		fmt.Fprintf(w, "%s\n", k.title)
		for _, e := range all {
			if e.Capability&kindMask != k.kind {
				continue
			}
			has := "no"
			if e.Has {
				has = "yes"
			}
			if e.Why != "" {
				has += "\t" + e.Why
			}
			fmt.Fprintf(w, "  %s\t%s\n", e.Capability.name(), has)
		}
	}
	_ = w.Flush() // into memory
	return b.String()
}

// jsonFinding is a Finding for programs.
type jsonFinding struct {
	Name string `json:"name"`
	ID   uint16 `json:"id,omitempty"` // the TLS number
	Has  bool   `json:"has"`
	Why  string `json:"why,omitempty"`
}

// MarshalJSON is an object with a list for each kind: features, groups, signature_schemes, cipher_suites and
// key_exchange. Each entry has name, id (the TLS number, not of features), has and why.
func (cs Capabilities) MarshalJSON() ([]byte, error) {
	all := cs.Findings()
	out := map[string][]jsonFinding{}
	for _, k := range capabilityKinds {
		list := []jsonFinding{}
		for _, e := range all {
			c := e.Capability
			switch {
			case c&kindMask != k.kind:
			case c < numFeatures:
				list = append(list, jsonFinding{featureNames[c].key, 0, e.Has, e.Why})
			default:
				list = append(list, jsonFinding{c.name(), uint16(c), e.Has, e.Why})
			}
		}
		out[k.key] = list
	}
	return json.Marshal(out)
}
