package ws

// Role says which end of the connection an engine is.
type Role uint8

// The roles. A client masks what it sends, a server does not, and each insists on it (RFC 6455 §5.1).
const (
	Server Role = iota
	Client
)

// Opcode is what a frame is (RFC 6455 §5.2).
type Opcode uint8

// The opcodes. Those from 8 on are of control frames.
const (
	Continuation Opcode = 0
	Text         Opcode = 1
	Binary       Opcode = 2
	OpClose      Opcode = 8
	OpPing       Opcode = 9
	OpPong       Opcode = 10
)

// control reports whether frames of op are control frames, known or not.
func (op Opcode) control() bool { return op&8 != 0 }
