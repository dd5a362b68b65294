//go:build ringwire_plant

package plant

import "os"

var names = [...]string{
	"None",
	"LeaseTwice", "LeaseLost", "OutputRecycled", "DeadlineNotArmed", "StallNotTimed", "DrainForgets", "HalfCloseIsClose",
	"ReceiveNotResumed", "SendNotResumed", "DrainNotTold", "InputOvertakes", "NextNotServed",
	"LingerForgotten", "OneTooMany",
	"HandshakeNotTimed", "RestLost", "RecordHeadLost", "TruncationIsEnd", "CloseNotifyForgotten",
	"UpdateNotAnswered", "ForgeryIgnored",
	"AnswersSwapped", "BodyNotReset", "HeadNotKept", "IdleNotTimed", "ContinueForgotten", "RateNotJudged", "RoomIgnored",
	"ChunkMiscounted",
	"MaskBegunAnew", "ContinuationLost", "MessageNotForgotten",
	"ContextForgotten", "ContextOfOthers", "BombTaken",
	"HeldNotResumed", "SocketDrainForgets", "SilenceNotTimed", "CloseNotTimed",
	"QueueNotDrained", "LossNotCounted", "OneTooManyWaits", "SlowIsSpared",
}

func (b Bug) String() string { return names[b] }

// All are the bugs.
func All() (list []Bug) {
	for b := None + 1; int(b) < len(names); b++ {
		list = append(list, b)
	}
	return list
}

// planted is the one that is on.
var planted = find(os.Getenv("RINGWIRE_PLANT"))

func find(name string) Bug {
	if name == "" {
		return None
	}
	for b, n := range names {
		if n == name {
			return Bug(b)
		}
	}
	panic("plant: no bug is called " + name)
}

// On reports whether a bug is planted.
func On(b Bug) bool { return b == planted }

// Set plants a bug, or None.
func Set(b Bug) { planted = b }
