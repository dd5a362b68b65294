package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ringwire/ringwire"
)

const (
	maxWaiting = 8192    // messages of a topic that NATS has not yet brought back
	maxBytes   = 8 << 20 // of text of theirs
	history    = 1024    // messages at least that are kept after that, up to maxBytes, for who may have missed them
	maxPeers   = 1024    // processes whose numbers are remembered
)

var errFull = errors.New("not published: too much waits for the connection to NATS")

// stream is one topic: what this process publishes to it, and what comes from all.
//
// A frame on NATS is the process's id and the message's number, 8 bytes each, and the text. A process numbers
// what it publishes to a topic, and hears itself: what has come back has been at the server. On a new connection
// it sends everything again that may not have reached all; who has it already drops it by its number. So order holds,
// nothing comes twice, and what is lost after all leaves a gap that is counted.
type stream struct {
	subject string
	self    uint64 // the process
	wake    chan<- struct{}
	topic   *ringwire.Topic

	mu    sync.Mutex
	out   [][]byte // frames: those that have come back, then those that have not, in order
	seq   uint64   // of the last of out
	sent  int      // of out, on this connection
	back  int      // of out, that have come back
	bytes int      // of text of those that have not
	kept  int      // and of those that have

	peers map[uint64]*peer
	count counts
}

// peer is a process that publishes.
type peer struct {
	last  uint64 // its latest number
	heard time.Time
}

// counts are a stream's.
type counts struct {
	Published uint64 `json:"published"` // taken from clients here
	Refused   uint64 `json:"refused"`   // not taken: too much waits
	Received  uint64 `json:"received"`  // from all processes, given to clients here
	Repeated  uint64 `json:"repeated"`  // had come before, and were dropped
	Gaps      uint64 `json:"gaps"`      // places where messages are missing
	Lost      uint64 `json:"lost"`      // messages that are missing there
	Waiting   int    `json:"waiting"`   // published here, not yet back from NATS
}

const frameHead = 16

// publish takes a text from a client. It does not wait.
func (s *stream) publish(text []byte) error {
	s.mu.Lock()
	if len(s.out)-s.back >= maxWaiting || s.bytes+len(text) > maxBytes {
		s.count.Refused++
		s.mu.Unlock()
		return errFull
	}
	s.seq++
	frame := make([]byte, 0, frameHead+len(text))
	frame = binary.BigEndian.AppendUint64(frame, s.self)
	frame = binary.BigEndian.AppendUint64(frame, s.seq)
	s.out = append(s.out, append(frame, text...))
	s.bytes += len(text)
	s.count.Published++
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}

// next is the next frame to send on this connection, nil without one.
func (s *stream) next() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sent == len(s.out) {
		return nil
	}
	s.sent++
	return s.out[s.sent-1]
}

// rewind has everything sent again.
func (s *stream) rewind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = 0
}

// received takes a frame from NATS.
func (s *stream) received(frame []byte) {
	if len(frame) < frameHead {
		return // nobody of ours
	}
	from, seq := binary.BigEndian.Uint64(frame), binary.BigEndian.Uint64(frame[8:])
	s.mu.Lock()
	if from == s.self {
		s.cameBack(seq)
	}
	fresh := s.inOrder(from, seq, time.Now())
	s.mu.Unlock()
	if fresh {
		_ = s.topic.Publish(ringwire.TextMessage, appendEvent(nil, from, seq, frame[frameHead:]))
	}
}

// cameBack notes that NATS has had everything of ours up to a number.
func (s *stream) cameBack(seq uint64) {
	first := s.seq - uint64(len(s.out)) + 1 // of out
	for s.back < len(s.out) && first+uint64(s.back) <= seq {
		n := len(s.out[s.back]) - frameHead
		s.bytes -= n
		s.kept += n
		s.back++
	}
	drop := 0
	if s.back > 2*history { // not for each message
		drop = s.back - history
	}
	for i := range s.back {
		if i >= drop && s.kept <= maxBytes {
			break
		}
		s.kept -= len(s.out[i]) - frameHead
		drop = max(drop, i+1)
	}
	if drop > 0 {
		s.out = slices.Delete(s.out, 0, drop)
		s.back -= drop
		s.sent = max(s.sent-drop, 0) // what was not sent again yet has been there all the same
	}
}

// inOrder reports whether a message is to be passed on: it has not been before.
func (s *stream) inOrder(from, seq uint64, now time.Time) bool {
	p := s.peers[from]
	if p == nil {
		if len(s.peers) >= maxPeers {
			s.forget()
		}
		p = &peer{last: seq - 1} // what it said before we came is not for us
		s.peers[from] = p
	}
	p.heard = now
	if seq <= p.last {
		s.count.Repeated++
		return false
	}
	if missing := seq - p.last - 1; missing > 0 {
		s.count.Gaps++
		s.count.Lost += missing
	}
	p.last = seq
	s.count.Received++
	return true
}

// forget forgets the process that has been silent for longest.
func (s *stream) forget() {
	var oldest uint64
	for id, p := range s.peers {
		if o := s.peers[oldest]; o == nil || p.heard.Before(o.heard) {
			oldest = id
		}
	}
	delete(s.peers, oldest)
}

func (s *stream) stats() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.count
	c.Waiting = len(s.out) - s.back
	return c
}

// event is what clients get.
type event struct {
	From string `json:"from"`
	Seq  uint64 `json:"seq"`
	Text string `json:"text"`
}

func appendEvent(dst []byte, from, seq uint64, text []byte) []byte {
	id := binary.BigEndian.AppendUint64(nil, from)
	out, _ := json.Marshal(event{hex.EncodeToString(id), seq, string(text)}) // strings and numbers do not fail
	return append(dst, out...)
}
