package ringwire

// WebSocketStats count what WebSockets have done since the server, or client, began.
type WebSocketStats struct {
	Open    int    // now
	Opened  uint64 // since the beginning
	Refused uint64 // opening handshakes that Upgrade has answered with an error

	MessagesIn, MessagesOut uint64
	BytesIn, BytesOut       uint64 // of messages, not compressed
	Pings, Pongs            uint64 // sent, and answers to them received
	PingsIn                 uint64 // received, and answered
	PingTimeouts            uint64 // peers given up because they did not answer
	Full                    uint64 // messages refused with ErrBufferFull

	// Of topics. Each subscription counts for itself. See Topic.Stats for one topic's account.

	Subscriptions, Behind int    // now, and of those, with messages that wait
	Dropped, Conflated    uint64 // messages lost to, or replaced by a later one for, a subscriber that is behind

	// How they ended, by CloseError.Code.

	ClosedNormal      uint64 // 1000, 1001 and 1005: by somebody's wish
	ClosedAbnormal    uint64 // 1006: without a word
	ClosedProtocol    uint64 // 1002, 1003, 1007, 1010: the peer or this side has broken a rule
	ClosedPolicy      uint64 // 1008 and 1009: a limit
	ClosedInternal    uint64 // 1011 to 1014: a panic, a restart
	ClosedApplication uint64 // 3000 and above
}

// closed counts an end.
func (t *WebSocketStats) closed(end *CloseError) {
	switch code := end.Code; {
	case code == CloseNormal || code == CloseGoingAway || code == CloseNoStatus:
		t.ClosedNormal++
	case code == CloseAbnormal:
		t.ClosedAbnormal++
	case code == ClosePolicyViolation || code == CloseMessageTooBig:
		t.ClosedPolicy++
	case code >= 3000:
		t.ClosedApplication++
	case code >= CloseInternalError:
		t.ClosedInternal++
	default:
		t.ClosedProtocol++
	}
}

func (t *WebSocketStats) add(u *WebSocketStats) {
	t.Open += u.Open
	t.Opened += u.Opened
	t.Refused += u.Refused
	t.MessagesIn += u.MessagesIn
	t.MessagesOut += u.MessagesOut
	t.BytesIn += u.BytesIn
	t.BytesOut += u.BytesOut
	t.Pings += u.Pings
	t.Pongs += u.Pongs
	t.PingsIn += u.PingsIn
	t.PingTimeouts += u.PingTimeouts
	t.Full += u.Full
	t.Subscriptions += u.Subscriptions
	t.Behind += u.Behind
	t.Dropped += u.Dropped
	t.Conflated += u.Conflated
	t.ClosedNormal += u.ClosedNormal
	t.ClosedAbnormal += u.ClosedAbnormal
	t.ClosedProtocol += u.ClosedProtocol
	t.ClosedPolicy += u.ClosedPolicy
	t.ClosedInternal += u.ClosedInternal
	t.ClosedApplication += u.ClosedApplication
}
