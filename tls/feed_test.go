package tls

import "testing"

// A client's tickets reach crypto/tls's cache, so that the connections that follow resume.
func TestClientResumes(t *testing.T) {
	server := serverConfig()
	e := engine(t, caching(), Client)
	a, b := loopOf(t, e), loopOf(t, e)
	for i, l := range []*Loop{a, b, a} {
		s := l.Dial("")
		k, finish := shake(t, s, serverOf(server))
		k.exchange()
		if s.feed == nil || s.feed.fed != 1 {
			t.Errorf("connection %d: %+v", i, s.feed)
		}
		if err := finish(); err != nil {
			t.Error(err)
		}
		if s.Info().Resumed != (i > 0) {
			t.Errorf("connection %d: resumed %v", i, s.Info().Resumed)
		}
		s.Abort()
		if s.feed != nil {
			t.Error("the feed is there still")
		}
	}
}

// Without a cache nothing is kept, and after a KeyUpdate nothing any more.
func TestFeedEnds(t *testing.T) {
	s := loopOf(t, engine(t, clientConfig(), Client)).Dial("")
	_, finish := shake(t, s, serverOf(serverConfig()))
	if s.feed != nil {
		t.Error("a feed without a cache")
	}
	_ = finish()

	s = loopOf(t, engine(t, caching(), Client)).Dial("")
	shake(t, s, serverOf(serverConfig()))
	f := s.feed
	if f == nil {
		t.Fatal("no feed")
	}
	peer := half{suite: s.in.suite, secret: s.in.secret}
	_, n := suiteHash(peer.suite)
	if err := peer.install(peer.suite, s.in.secret[:n]); err != nil {
		t.Fatal(err)
	}
	peer.seq = s.in.seq
	buf := make([]byte, Head+5+Tail)
	copy(buf[Head:], []byte{msgKeyUpdate, 0, 0, 1, 0})
	if _, err := s.Open(peer.seal(buf, 5, typeHandshake)); err != nil {
		t.Fatal(err)
	}
	if s.feed != nil || f.key != (half{}) {
		t.Error("crypto/tls would not know the new key")
	}
	s.Abort()
}
