package ring

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want string
	}{
		{Error{Op: "io_uring_setup", Err: syscall.EPERM, Cause: "a filter forbids it", Remedy: "allow it"},
			"ring: io_uring_setup: " + syscall.EPERM.Error() + ": a filter forbids it (allow it)"},
		{Error{Op: "multishot receive", Cause: "needs Linux 6.0"}, "ring: multishot receive: needs Linux 6.0"},
		{Error{Op: "x"}, "ring: x"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

// What callers branch on: unsupported by kind, permission by errno.
func TestErrorIs(t *testing.T) {
	for _, c := range []struct {
		err                error
		unsupported, perms bool
	}{
		{&Error{Kind: Unsupported}, true, false},
		{&Error{Kind: Unsupported, Err: syscall.EINVAL}, true, false},
		{&Error{Kind: Forbidden, Err: syscall.EPERM}, false, true},
		{&Error{Kind: Exhausted, Err: syscall.ENOMEM}, false, false},
		{&Error{Kind: Misbehaves}, false, false},
	} {
		if got := errors.Is(c.err, errors.ErrUnsupported); got != c.unsupported {
			t.Errorf("%#v: unsupported %v", c.err, got)
		}
		if got := errors.Is(c.err, fs.ErrPermission); got != c.perms {
			t.Errorf("%#v: permission %v", c.err, got)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for in, want := range map[string]Version{
		"6.12.117+deb13-cloud-amd64":   {6, 12},
		"5.10.0-46-cloud-amd64":        {5, 10},
		"6.18.44-fc-v657":              {6, 18},
		"6.1-rc3":                      {6, 1},
		"10.0":                         {10, 0},
		"4.4.0-19041-Microsoft":        {4, 4},
		"":                             {},
		"six":                          {},
		"6":                            {},
		"5.15.167.4-microsoft-WSL2":    {5, 15},
		"6.6.30-android15-8-gdeadbeef": {6, 6},
	} {
		if got := parseVersion(in); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func TestVersionLess(t *testing.T) {
	ordered := []Version{{}, {5, 1}, {5, 19}, {6, 0}, {6, 1}, {6, 12}, {7, 0}}
	for i, v := range ordered {
		for j, w := range ordered {
			if got := v.Less(w); got != (i < j) {
				t.Errorf("%v < %v is %v", v, w, got)
			}
		}
	}
	if s := (Version{6, 12}).String(); s != "6.12" {
		t.Errorf("String is %q", s)
	}
}
