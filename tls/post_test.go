package tls

import (
	"fmt"
	"slices"
	"testing"
)

// A KeyUpdate changes the key of its direction, and one that asks is answered.
func TestKeyUpdate(t *testing.T) {
	eachSuite(t, func(t *testing.T, suite uint16) {
		for _, role := range []Role{Server, Client} {
			f := ready(t, role, suite)
			data := func(text string) {
				t.Helper()
				if v, err := f.give(f.record(typeData, []byte(text)...)); err != nil || string(v.Data) != text {
					t.Fatalf("%q: %v", text, err)
				}
			}
			data("first")
			if v, err := f.give(f.keyUpdate(0)); err != nil || v.Kind != Consumed || f.s.Owes() {
				t.Errorf("not asking: %v, %d, owes %v", err, v.Kind, f.s.Owes())
			}
			data("second")
			f.write("one")
			for range 2 { // two in a row have one answer (RFC 8446 §4.6.3)
				if v, err := f.give(f.keyUpdate(1)); err != nil || v.Kind != NeedSend || !f.s.Owes() {
					t.Errorf("asking: %v, %d, owes %v", err, v.Kind, f.s.Owes())
				}
			}
			data("third")
			f.write("two") // the answer goes first
			if got := fmt.Sprint(f.read()); got != "[one KeyUpdate two]" {
				t.Error(got)
			}
			if f.s.out.seq != 1 {
				t.Errorf("the sequence number went on to %d with the new key", f.s.out.seq)
			}
		}
	})
}

// Messages may be cut into records, or share one, but nothing may come in between.
func TestPostHandshakePieces(t *testing.T) {
	ticket := func(n int) []byte { // a message of 4+n bytes
		m := append([]byte{msgNewSessionTicket, byte(n >> 16), byte(n >> 8), byte(n)}, pattern(n)...)
		m[12] = 0
		m[13], m[14] = byte((n-13)>>8), byte(n-13)
		m[2+n], m[3+n] = 0, 0
		return m
	}
	update := []byte{msgKeyUpdate, 0, 0, 1, 1}

	t.Run("split at every byte", func(t *testing.T) {
		for cut := 1; cut < len(update); cut++ {
			f := ready(t, Server, aes128)
			if v, err := f.give(f.record(typeHandshake, update[:cut]...)); err != nil || v.Kind != Consumed {
				t.Fatal(err)
			}
			if v, err := f.give(f.record(typeHandshake, update[cut:]...)); err != nil || v.Kind != NeedSend {
				t.Fatalf("cut at %d: %v, kind %d", cut, err, v.Kind)
			}
			_ = f.out.update()
			if v, err := f.give(f.record(typeData, 'x')); err != nil || string(v.Data) != "x" {
				t.Fatal(err)
			}
			if f.s.post != nil {
				t.Error("something is kept")
			}
		}
	})
	t.Run("byte by byte", func(t *testing.T) {
		f := ready(t, Server, aes128)
		for _, b := range update {
			if _, err := f.give(f.record(typeHandshake, b)); err != nil {
				t.Fatal(err)
			}
		}
		if !f.s.updateDue {
			t.Error("the message was not seen")
		}
	})
	t.Run("many in one", func(t *testing.T) {
		f := ready(t, Client, aes128)
		if v, err := f.give(f.record(typeHandshake, slices.Concat(ticket(100), ticket(14), ticket(7000), update)...)); err != nil || v.Kind != NeedSend {
			t.Fatalf("%v, kind %d", err, v.Kind)
		}
	})
	t.Run("longest", func(t *testing.T) {
		f := ready(t, Client, aes128)
		long := ticket(64 << 10)
		for len(long) > 0 {
			n := min(len(long), MaxPlaintext)
			if _, err := f.give(f.record(typeHandshake, long[:n]...)); err != nil {
				t.Fatal(err)
			}
			long = long[n:]
		}
		if f.s.post != nil {
			t.Errorf("%d bytes are kept", len(f.s.post))
		}
	})
	for name, between := range map[string]func(f *far) []byte{
		"data":         func(f *far) []byte { return f.record(typeData, 'x') },
		"empty":        func(f *far) []byte { return f.record(typeData) },
		"alert":        func(f *far) []byte { return f.record(typeAlert, 1, byte(AlertUserCanceled)) },
		"close_notify": func(f *far) []byte { return f.record(typeAlert, 1, 0) },
	} {
		t.Run(name+" between", func(t *testing.T) {
			f := ready(t, Server, aes128)
			_, _ = f.give(f.record(typeHandshake, update[:2]...))
			f.fails(between(f), errInterleaved)
		})
	}
	t.Run("refused by its header", func(t *testing.T) { // before the rest is kept
		f := ready(t, Server, aes128)
		_, _ = f.give(f.record(typeHandshake, 11, 0))
		f.fails(f.record(typeHandshake, 200, 200), errPostType)
	})
	t.Run("messages in a row", func(t *testing.T) {
		f := ready(t, Client, aes128)
		for range maxUseless {
			if _, err := f.give(f.record(typeHandshake, ticket(14)...)); err != nil {
				t.Fatal(err)
			}
		}
		f.fails(f.record(typeHandshake, ticket(14)...), errUseless)
	})
	t.Run("malformed tickets", func(t *testing.T) {
		whole := ticket(40)
		for n := range whole[4:] {
			f := ready(t, Client, aes128)
			cut := append([]byte{msgNewSessionTicket, 0, 0, byte(n)}, whole[4:4+n]...)
			f.fails(f.record(typeHandshake, cut...), errTicket)
		}
		for name, m := range map[string][]byte{
			"surplus":      append([]byte{msgNewSessionTicket, 0, 0, 41, 0}, whole[5:]...),
			"empty ticket": {msgNewSessionTicket, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		} {
			if m[3] == 41 {
				m = append(m, 0)
			}
			t.Run(name, func(t *testing.T) {
				f := ready(t, Client, aes128)
				f.fails(f.record(typeHandshake, m...), errTicket)
			})
		}
	})
}

// postModel says what must come of handshake records, from where their messages begin and end
// in the whole.
func postModel(records [][]byte, client bool) (updates int, failed *ProtocolError) {
	type event struct{ at, begin, end int } // at is where it happens: behind a header, at an end
	whole := slices.Concat(records...)
	var events []event
	for begin := 0; begin+4 <= len(whole); {
		end := begin + 4 + int(whole[begin+1])<<16 + int(whole[begin+2])<<8 + int(whole[begin+3])
		events = append(events, event{begin + 4, begin, end}, event{end, begin, end})
		begin = end
	}
	upTo, messages := 0, 0
	for _, rec := range records {
		if upTo += len(rec); len(rec) == 0 {
			return updates, errEmptyHandshake
		}
		for len(events) > 0 && events[0].at <= upTo {
			e := events[0]
			isEnd := len(events)%2 == 1
			events = events[1:]
			kind, body := whole[e.begin], e.end-e.begin-4
			switch {
			case !isEnd && kind == msgKeyUpdate && body != 1:
				return updates, errUpdateLength
			case !isEnd && kind == msgNewSessionTicket && client && body > 65536:
				return updates, errPostLength
			case !isEnd && kind != msgKeyUpdate && !(kind == msgNewSessionTicket && client):
				return updates, errPostType
			case !isEnd:
				continue
			}
			if messages++; messages > maxUseless {
				return updates, errUseless
			}
			switch {
			case kind == msgNewSessionTicket:
				if !validTicket(whole[e.begin+4 : e.end]) {
					return updates, errTicket
				}
			case whole[e.begin+4] > 1:
				return updates, errUpdateValue
			case e.end != upTo:
				return updates, errUpdateLast
			default:
				updates++
			}
		}
	}
	return updates, nil
}

// Messages are put together as a simple model does, however they are cut.
func FuzzPostHandshake(f *testing.F) {
	f.Add(false, []byte{5, 24, 0, 0, 1, 1})
	f.Add(false, []byte{2, 24, 0, 3, 0, 1, 0, 5, 24, 0, 0, 1, 0})
	f.Add(true, []byte{17, 4, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 7, 0, 0, 18, 24, 0, 0, 1, 1})
	f.Add(true, []byte{0})
	f.Add(true, []byte{4, 4, 1, 0, 1})
	f.Fuzz(func(t *testing.T, client bool, script []byte) {
		var records [][]byte
		for len(script) > 0 {
			n := min(int(script[0]), len(script)-1)
			records = append(records, script[1:1+n])
			script = script[1+n:]
		}
		role := Server
		if client {
			role = Client
		}
		end := ready(t, role, aes128)
		wantUpdates, want := postModel(records, client)
		updates := 0
		var got error
		for _, rec := range records {
			before := end.s.in.secret
			if _, got = end.give(end.record(typeHandshake, rec...)); got != nil {
				break
			}
			if end.s.in.secret != before {
				updates++
				_ = end.out.update()
			}
		}
		if want == nil && got != nil || want != nil && got != error(want) || updates != wantUpdates {
			t.Errorf("got %v and %d updates, want %v and %d", got, updates, want, wantUpdates)
		}
	})
}
