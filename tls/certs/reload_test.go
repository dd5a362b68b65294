package certs

import (
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func served(t testing.TB, s *Set, name string) *x509.Certificate {
	t.Helper()
	cert, err := s.GetCertificate(hello(name))
	if err != nil || cert == nil {
		t.Fatalf("%s: got %v, %v", name, cert, err)
	}
	return cert.Leaf
}

func expectServed(t testing.TB, s *Set, name string, want stdtls.Certificate, why string) {
	t.Helper()
	if !served(t, s, name).Equal(want.Leaf) {
		t.Errorf("%s: another certificate is served than the one that was wanted: %s", name, why)
	}
}

func TestReload(t *testing.T) {
	ca, log := newAuthority(t), new(journal)
	dir := t.TempDir()
	a, b := pairIn(dir, "a"), pairIn(dir, "b")
	a1, a2, b1, b2 := ca.issue("ecdsa", []string{"a.example"}), ca.issue("ecdsa", []string{"a.example", "more.example"}),
		ca.issue("ecdsa", []string{"b.example"}), ca.issue("ecdsa", []string{"b.example"})
	writePair(t, a, a1)
	writePair(t, b, b1)
	s := newSet(t, Config{Sources: []Source{a, b}, Logger: log.logger()})
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Reloads != 0 {
		t.Errorf("%d reloads of files that are as they were", st.Reloads)
	}

	writePair(t, a, a2)
	writePair(t, b, b2)
	write(t, b.KeyFile, []byte("half"))
	err := s.Reload()
	if err == nil || !strings.Contains(err.Error(), b.KeyFile) || strings.Contains(err.Error(), a.CertFile) {
		t.Errorf("got %v, want an error that names %s only", err, b.KeyFile)
	}
	expectServed(t, s, "a.example", a2, "its pair is good")
	expectServed(t, s, "more.example", a2, "a name that came with it")
	expectServed(t, s, "b.example", b1, "its new pair is bad")
	st := s.Stats()
	if st.Reloads != 1 || st.Failures != 1 || st.LastError == nil {
		t.Errorf("got %+v, want 1 reload, 1 failure", st)
	}
	log.expect(t, "certificate not reloaded", 1)

	writePair(t, b, ca.issue("ecdsa", []string{"b.example"}, expiring(time.Now().Add(-time.Hour))))
	if err := s.Reload(); !errors.Is(err, ErrExpired) {
		t.Errorf("got %v, want ErrExpired", err)
	}
	expectServed(t, s, "b.example", b1, "the new one has expired")
	writePair(t, b, b2)
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
	expectServed(t, s, "b.example", b2, "it is good now")
	s.Close()
	if err := s.Reload(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	expectServed(t, s, "b.example", b2, "connections may still begin")
}

// A certificate that expires while it is served does not keep others from being reloaded.
func TestReloadKeepsWhatHasExpired(t *testing.T) {
	ca := newAuthority(t)
	dir := t.TempDir()
	a, b := pairIn(dir, "a"), pairIn(dir, "b")
	now := time.Now()
	writePair(t, a, ca.issue("ecdsa", []string{"a.example"}, expiring(now.Add(time.Hour))))
	writePair(t, b, ca.issue("ecdsa", []string{"b.example"}))
	s := newSet(t, Config{Sources: []Source{a, b}, now: func() time.Time { return now }})
	now = now.Add(2 * time.Hour)
	b2 := ca.issue("ecdsa", []string{"b.example"})
	writePair(t, b, b2)
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
	expectServed(t, s, "b.example", b2, "it was renewed")
}

func TestReplace(t *testing.T) {
	ca := newAuthority(t)
	a, b, c := ca.issue("ecdsa", []string{"a.example"}), ca.issue("ecdsa", []string{"b.example"}), ca.issue("ecdsa", []string{"c.example"})
	s := newSet(t, Config{Sources: ready(a, b)})
	if err := s.Replace(append(ready(c), Source{})); err == nil {
		t.Error("a source without certificate was taken")
	}
	expectServed(t, s, "c.example", a, "all or nothing")
	if err := s.Replace(nil); err == nil {
		t.Error("no certificates were taken")
	}
	kept := s.names.Load().pairs[0]
	if err := s.Replace(ready(c, a, a)); err != nil {
		t.Fatal(err)
	}
	expectServed(t, s, "c.example", c, "new")
	expectServed(t, s, "b.example", c, "gone: the default")
	if pairs := s.names.Load().pairs; pairs[1] != kept || pairs[2] == kept {
		t.Error("a certificate that stays is to keep its staple, in one place")
	}
	s.Close()
	if err := s.Replace(ready(a)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// inBubble runs f with a clock of its own.
func inBubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

// pass lets so much time go by, and what is due happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestWatch(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ca, log := newAuthority(t), new(journal)
		a, m := pairIn(t.TempDir(), "a"), ca.issue("ecdsa", []string{"m.example"})
		a1, a2 := ca.issue("ecdsa", []string{"a.example"}), ca.issue("ecdsa", []string{"a.example"})
		writePair(t, a, a1)
		s := newSet(t, Config{Sources: append([]Source{a}, ready(m)...), Interval: DefaultInterval, Logger: log.logger()})
		pass(time.Minute)
		log.expect(t, "reloaded", 0)

		// The certificate is written, the key is late: no alarm.
		certPEM, keyPEM := pemOf(t, a2)
		write(t, a.CertFile, certPEM)
		pass(DefaultInterval)
		expectServed(t, s, "a.example", a1, "the key is not there yet")
		log.expect(t, "level=ERROR", 0)
		write(t, a.KeyFile, keyPEM)
		pass(DefaultInterval)
		expectServed(t, s, "a.example", a2, "the pair is whole")
		log.expect(t, "certificate reloaded", 1)

		// A pair that stays bad is told of, once; the next bad one again.
		write(t, a.KeyFile, []byte("bad"))
		pass(10 * DefaultInterval)
		expectServed(t, s, "a.example", a2, "the new pair is bad")
		log.expect(t, "certificate not reloaded", 1)
		if err := os.Remove(a.KeyFile); err != nil {
			t.Fatal(err)
		}
		pass(10 * DefaultInterval)
		log.expect(t, "certificate not reloaded", 2)
		if st := s.Stats(); st.Failures != 2 || !errors.Is(st.LastError, os.ErrNotExist) {
			t.Errorf("got %+v, want 2 failures, the last for a file that is missing", st)
		}
		write(t, a.KeyFile, keyPEM)
		pass(DefaultInterval)
		expectServed(t, s, "a.example", a2, "as before")
		log.expect(t, "not reloaded", 2)
		expectServed(t, s, "m.example", m, "from memory")
	})
}

// A file whose times say that it is old is looked at once; its failure is told of all the same.
func TestWatchTellsOfOldFiles(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ca, log := newAuthority(t), new(journal)
		a := pairIn(t.TempDir(), "a")
		age := func() {
			long := time.Now().Add(-time.Hour) // of the bubble's clock
			for _, name := range a.files() {
				if err := os.Chtimes(name, long, long); err != nil {
					t.Fatal(err)
				}
			}
		}
		writePair(t, a, ca.issue("ecdsa", []string{"a.example"}))
		age()
		newSet(t, Config{Sources: []Source{a}, Interval: DefaultInterval, Logger: log.logger()})
		pass(DefaultInterval)
		write(t, a.KeyFile, []byte("bad"))
		age()
		pass(5 * DefaultInterval)
		log.expect(t, "certificate not reloaded", 1)
	})
}

// What Kubernetes does to a mounted secret: the names are links into ..data, which is a link that
// is swapped.
func TestWatchLinkSwap(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ca, dir := newAuthority(t), t.TempDir()
		a1, a2 := ca.issue("ecdsa", []string{"a.example"}), ca.issue("ecdsa", []string{"a.example"})
		release := func(name string, cert stdtls.Certificate) {
			if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
				t.Fatal(err)
			}
			writePair(t, pairIn(filepath.Join(dir, name), "tls"), cert)
			if err := os.Symlink(name, filepath.Join(dir, "..tmp")); err != nil {
				t.Skip(err)
			}
			if err := os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data")); err != nil {
				t.Fatal(err)
			}
		}
		release("..1", a1)
		src := pairIn(dir, "tls")
		for _, name := range []string{src.CertFile, src.KeyFile} {
			if err := os.Symlink(filepath.Join("..data", filepath.Base(name)), name); err != nil {
				t.Fatal(err)
			}
		}
		s := newSet(t, Config{Sources: []Source{src}, Interval: time.Second})
		release("..2", a2)
		if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		expectServed(t, s, "a.example", a2, "the link leads to it")
	})
}

// Connections live through any number of reloads, and handshakes meet one pair or the other, never
// half of each.
func TestReloadUnderLoad(t *testing.T) {
	ca := newAuthority(t)
	a := pairIn(t.TempDir(), "a")
	one, two := ca.issue("ecdsa", []string{"a.example"}), ca.issue("rsa", []string{"a.example"})
	writePair(t, a, one)
	s := newSet(t, Config{Sources: []Source{a}})
	server, client := &stdtls.Config{GetCertificate: s.GetCertificate}, &stdtls.Config{RootCAs: ca.pool(), ServerName: "a.example"}

	left, right := socketPair(t)
	defer left.Close()
	defer right.Close()
	old := stdtls.Client(left, client)
	go func() {
		c := stdtls.Server(right, server)
		p := make([]byte, 1)
		for {
			if _, err := c.Read(p); err != nil {
				return
			}
			_, _ = c.Write(p)
		}
	}()
	if err := old.Handshake(); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, _, err, serverErr := handshake(t, client, server); err != nil || serverErr != nil {
					t.Errorf("a handshake failed: %v, %v", err, serverErr)
					return
				}
			}
		})
	}
	for i := range 40 {
		writePair(t, a, []stdtls.Certificate{one, two}[i%2])
		if err := s.Reload(); err != nil {
			t.Error(err)
		}
		p := []byte{'x'}
		if _, err := old.Write(p); err != nil {
			t.Fatalf("a connection did not live through a reload: %v", err)
		}
		if _, err := old.Read(p); err != nil {
			t.Fatalf("a connection did not live through a reload: %v", err)
		}
	}
	close(stop)
	running.Wait()
}
