// Package form reads and writes application/x-www-form-urlencoded text (URL Standard §5), the form of queries and of
// form bodies, and the percent-encoding beneath it (RFC 3986 §2.1). It does no input or output.
//
// # Reading
//
// A text is searched as it stands, without decoding it to memory:
//
//	value, ok := form.Lookup(text, "name") // still encoded
//	plain := form.AppendDecoded(nil, value)
//
// or gone over pair by pair with a [Scanner], which stops at a limit: who makes something for each pair must not let the
// sender say how many there are.
//
// # Writing
//
// A [Writer] encodes pairs straight into a mem.Writer, in pieces, so that a long value needs no long buffer.
//
// # Choices
//
// As the standard has it nothing is malformed: a percent sign that begins no escape stands for itself, a pair without an
// equals sign has an empty value, and empty pairs are passed over. What is decoded may be any bytes, valid UTF-8 or not.
// A semicolon is an ordinary byte, not a separator.
package form
