package h1

import "testing"

func TestMethodIDs(t *testing.T) {
	for name, want := range map[string]Method{
		"GET": MethodGet, "HEAD": MethodHead, "POST": MethodPost, "PUT": MethodPut, "DELETE": MethodDelete,
		"OPTIONS": MethodOptions, "TRACE": MethodTrace, "PATCH": MethodPatch,
		"get": MethodOther, "Get": MethodOther, "GETS": MethodOther, "GE": MethodOther, "PROPFIND": MethodOther,
	} {
		h := parse(t, name+" / HTTP/1.1\r\nHost: x\r\n\r\n")
		if h.MethodID() != want || string(h.Method()) != name {
			t.Errorf("%s: id %d, method %q, want id %d", name, h.MethodID(), h.Method(), want)
		}
	}
	if h := parse(t, "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n"); h.MethodID() != MethodConnect {
		t.Errorf("CONNECT: id %d", h.MethodID())
	}
}
