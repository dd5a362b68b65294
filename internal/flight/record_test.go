package flight

import (
	"testing"
	"time"
)

func TestRecordAppend(t *testing.T) {
	for _, tc := range []struct {
		record Record
		want   string
	}{
		{Record{Seq: 7, Age: 1234567, Kind: "sqe", Op: "send SEND", Conn: 3, FD: 9, Len: 120, Res: None, Note: "POLL_FIRST"},
			"        7    1.23ms   sqe  send SEND               conn=3 fd=9 len=120 POLL_FIRST\n"},
		{Record{Seq: 1234567890, Age: 0, Kind: "cqe", Op: "an operation with a long name", Conn: None, FD: None, Len: None, Res: 0},
			"1234567890        0s   cqe  an operation with a long name  res=0\n"},
		{Record{Seq: 8, Age: time.Hour, Kind: "did", Op: "read", Conn: 0, FD: None, Len: None, Res: None, Err: "ECONNRESET"},
			"        8    1h0m0s   did  read                    conn=0 err=ECONNRESET\n"},
	} {
		if got := string(tc.record.Append(nil)); got != tc.want {
			t.Errorf("\n%q, want\n%q", got, tc.want)
		}
	}
}

func TestRound(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 123: "120ns", 1234: "1.23µs", 1_234_567: "1.23ms", 1_234_567_890: "1.23s", 123_456_789_012: "2m3.46s",
		-1234567: "-1.23457ms",
	} {
		if got := Round(d).String(); got != want {
			t.Errorf("%d: %s, want %s", int64(d), got, want)
		}
	}
}
