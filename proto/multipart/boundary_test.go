package multipart

import (
	"mime"
	"strings"
	"testing"
)

func TestBoundary(t *testing.T) {
	long := strings.Repeat("x", MaxBoundary)
	for _, tc := range []struct {
		contentType, want string
		err               *Error
	}{
		{"multipart/form-data; boundary=abc", "abc", nil},
		{"Multipart/Form-Data ;BOUNDARY=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW", nil},
		{`multipart/form-data; charset=utf-8; boundary="a b'()+_,-./:=?c"`, "a b'()+_,-./:=?c", nil},
		{"multipart/form-data; boundary=" + long, long, nil},
		{"multipart/form-data; boundary=" + long + "x", "", ErrBadBoundary},
		{`multipart/form-data; boundary=""`, "", ErrBadBoundary},
		{`multipart/form-data; boundary="a "`, "", ErrBadBoundary},
		{`multipart/form-data; boundary="a\"b"`, "", ErrBadBoundary},
		{`multipart/form-data; boundary="a*b"`, "", ErrBadBoundary},
		{"multipart/form-data; boundary=a*b", "", ErrBadBoundary},
		{"multipart/form-data; boundary=a:b", "", ErrMediaParameter}, // needs quotes
		{"multipart/form-data; boundary=", "", ErrMediaParameter},
		{`multipart/form-data; boundary="abc`, "", ErrMediaParameter},
		{"multipart/form-data; boundary=a; boundary=a", "", ErrManyBoundaries},
		{"multipart/form-data", "", ErrNoBoundary},
		{"multipart/form-data; charset=utf-8", "", ErrNoBoundary},
		{"multipart/mixed; boundary=a", "", ErrNotFormData},
		{"application/x-www-form-urlencoded", "", ErrNotFormData},
		{"", "", ErrNotFormData},
	} {
		got, err := Boundary([]byte(tc.contentType))
		if string(got) != tc.want || err != tc.err {
			t.Errorf("Boundary(%q) = %q, %v, want %q, %v", tc.contentType, got, err, tc.want, tc.err)
		}
		if IsFormData([]byte(tc.contentType)) != (tc.err != ErrNotFormData) {
			t.Errorf("IsFormData(%q) is wrong", tc.contentType)
		}
	}
}

// What we take for the boundary is what package mime does.
func FuzzBoundary(f *testing.F) {
	for _, v := range []string{"multipart/form-data; boundary=abc", `multipart/form-data; boundary="a b"; x="\""`, "multipart/form-data;boundary=a;"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		got, err := Boundary([]byte(v))
		if err != nil {
			return
		}
		media, params, e := mime.ParseMediaType(v)
		if e != nil && strings.Contains(e.Error(), "duplicate") {
			return // of some other parameter: nothing that we read
		}
		if media != "multipart/form-data" || params["boundary"] != string(got) {
			t.Errorf("%q: we say %q, mime %q, %q, %v", v, got, media, params["boundary"], e)
		}
	})
}
