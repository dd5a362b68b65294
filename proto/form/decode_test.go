package form

import (
	"net/url"
	"testing"
)

func TestLookup(t *testing.T) {
	for _, tc := range []struct {
		text, name, want string
		ok               bool
	}{
		{"a=1&b=2", "b", "2", true},
		{"a=1=2", "a", "1=2", true},       // only the first equals sign divides
		{"a", "a", "", true},              // a name alone has an empty value
		{"=v", "", "v", true},             // a name may be empty
		{"&&a=1&", "a", "1", true},        // empty pairs are passed over
		{"&a", "", "", false},             // they have no name, not an empty one
		{"%61=1", "a", "1", true},         // names are decoded to compare them
		{"a+b=1", "a b", "1", true},       // a plus is a space
		{"a%2Bb=1", "a+b", "1", true},     // an encoded one is not
		{"ab=1", "a", "", false},          // no prefixes
		{"%61b=1", "a", "", false},        // none of decoded names either
		{"a=1", "ab", "", false},          //
		{"%6=1", "%6", "1", true},         // a bad escape stands for itself
		{"%zz=1&a=2", "a", "2", true},     //
		{"", "a", "", false},              //
		{"a=%20", "a", "%20", true},       // the value stays encoded here
		{"a=1&a=2", "a", "1", true},       // the first counts
		{"b=a=3&a=4", "a", "4", true},     // a value is not searched
		{"a\x00b=1", "a\x00b", "1", true}, //
		{"a;b=1", "a;b", "1", true},       // a semicolon does not divide
	} {
		v, ok := Lookup([]byte(tc.text), tc.name)
		if string(v) != tc.want || ok != tc.ok {
			t.Errorf("Lookup(%q, %q) = %q, %v, want %q, %v", tc.text, tc.name, v, ok, tc.want, tc.ok)
		}
	}
}

// A view of one value ends where that ends: appending to it must not overwrite the next pair.
func TestLookupCapacity(t *testing.T) {
	text := []byte("a=1&b=2")
	v, _ := Lookup(text, "a")
	if _ = append(v, "xxxx"...); string(text) != "a=1&b=2" {
		t.Errorf("the text became %q", text)
	}
}

// net/url reads well-formed queries like we do.
func FuzzLookup(f *testing.F) {
	for _, text := range []string{"a=1&b=2", "x%20y=a+b", "a=%zz", "&=&a", "a;b=1"} {
		f.Add(text, "a")
	}
	f.Add("&a", "")
	f.Fuzz(func(t *testing.T, text, name string) {
		v, ok := Lookup([]byte(text), name)
		values, err := url.ParseQuery(text)
		if err != nil {
			return // net/url drops what is malformed, we take it literally
		}
		want, has := values[name]
		if has != ok || ok && want[0] != string(AppendDecoded(nil, v)) {
			t.Errorf("Lookup(%q, %q) = %q, %v; net/url says %q", text, name, v, ok, want)
		}
		if ok && !IsEncoded(v) && string(v) != want[0] {
			t.Errorf("IsEncoded(%q) is false, but it stands for %q", v, want[0])
		}
	})
}
