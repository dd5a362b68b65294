// Package multipart is multipart/form-data (RFC 7578, on RFC 2046 §5.1) without input or output: the body of forms with
// files. Bytes go in and events come out, with views of those bytes; a [Writer] appends to leases.
//
// # Reading
//
//	boundary, bad := multipart.Boundary(contentType)
//	bad = p.Init(boundary, &limits)
//	ev := p.Next(in)  // in starts at the first byte not yet consumed
//	in = in[ev.N:]    // every kind of event may consume
//
// A [Parser] takes flat pieces of any size, a [Splitter] mem.Segments. Next is called again until it answers [NeedMore]
// (hand in more, or call HandleEOF), [End] or [Fail]. The body is whole only with End: parts before a Fail were
// reported, because nobody could know.
//
//	Part      Head has name, file name, type and fields, until the next call
//	Data      a piece of its content
//	PartEnd   it is complete
//
// Content is never collected, so a file of any size passes through what the caller holds. A head that lies in one
// piece is parsed there, another is copied together.
//
// # Writing
//
// [Writer] has a part begin, and its content copied, linked or read piece by piece; [Length] says beforehand how long
// all of it will be. The boundary is the caller's, because this package has no randomness.
//
// # Choices
//
// What follows is as strict as tolerance for the clients in use allows, since a body that two readers read differently
// passes a filter in front and does its harm behind:
//
//	a line ends with CRLF; a bare LF is refused in heads, around
//	boundaries and in the preamble                                     400   RFC 2046 §4.1.1
//	a line that begins with a boundary ends after it, but for spaces,
//	tabs, and "--" on the last                                         400   RFC 2046 §5.1.1
//	the last boundary must be there                                    400   RFC 2046 §5.1.1
//	preamble and epilogue are passed over, within limits               413   RFC 2046 §5.1.1
//	folded header lines are refused                                    400   RFC 5322 §2.2.3
//	each part has one Content-Disposition, form-data, with one name    400   RFC 7578 §4.2
//	name* and filename* are passed over beside name and filename, which
//	.NET sends so, and refused alone, as a file would become a field   400   RFC 7578 §4.2
//	a Content-Transfer-Encoding other than 7bit, 8bit and binary       415   RFC 7578 §4.7
//	%22, %0D and %0A in names are a quote, CR and LF, as browsers mean
//	them; a backslash quotes special characters, as older clients do
//	_charset_ and a part's charset are the reader's to look at               RFC 7578 §4.6
//	a part of type multipart/mixed is not taken apart further                RFC 7578 §4.3
//
// Names, file names and types are the client's claims. [BaseName] makes of a file name one that stays in its directory.
package multipart
