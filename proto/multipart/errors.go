package multipart

// Error is a breach of the protocol by the peer. Every value is prebuilt and shared: compare pointers, never write.
type Error struct {
	Status int    // the status to answer with
	Text   string // what was wrong, for the answer's body and for logs; no bytes of the peer
	Ref    string // the paragraph that was breached
}

// Error says what was wrong and where that is written.
func (e *Error) Error() string { return "multipart: " + e.Text + " (" + e.Ref + ")" }

// The media type and its boundary.
var (
	ErrNotFormData    = &Error{415, "the media type is not multipart/form-data", "RFC 7578 §4"}
	ErrMediaParameter = &Error{400, "a parameter of the media type is malformed", "RFC 9110 §5.6.6"}
	ErrNoBoundary     = &Error{400, "the media type has no boundary", "RFC 7578 §4.1"}
	ErrManyBoundaries = &Error{400, "the media type has more than one boundary", "RFC 9110 §5.6.6"}
	ErrBadBoundary    = &Error{400, "the boundary is not 1 to 70 of the characters allowed", "RFC 2046 §5.1.1"}
)

// What stands between parts.
var (
	ErrPreambleTooLarge = &Error{413, "too many bytes before the first part", "RFC 2046 §5.1.1"}
	ErrEpilogueTooLarge = &Error{413, "too many bytes after the last part", "RFC 2046 §5.1.1"}
	ErrBareLF           = &Error{400, "LF without CR", "RFC 2046 §4.1.1"}
	ErrDelimiter        = &Error{400, "a line begins with the boundary but does not end with it", "RFC 2046 §5.1.1"}
	ErrPaddingTooLong   = &Error{400, "too much padding after a boundary", "RFC 2046 §5.1.1"}
	ErrTruncated        = &Error{400, "the body ends before the final boundary", "RFC 2046 §5.1.1"}
	ErrTooManyParts     = &Error{413, "too many parts", "RFC 7578 §7"}
)

// A part's head.
var (
	ErrHeadTooLarge    = &Error{413, "a part's header section is too large", "RFC 7578 §4.8"}
	ErrTooManyFields   = &Error{413, "a part has too many header fields", "RFC 7578 §4.8"}
	ErrFieldLine       = &Error{400, "a header line of a part is not a name and a value", "RFC 5322 §2.2"}
	ErrFieldControl    = &Error{400, "control character in a header field of a part", "RFC 5322 §2.2"}
	ErrFolded          = &Error{400, "a header field of a part is folded", "RFC 5322 §2.2.3"}
	ErrRepeatedField   = &Error{400, "a header field of a part is there twice", "RFC 7578 §4.2"}
	ErrNoDisposition   = &Error{400, "a part has no Content-Disposition", "RFC 7578 §4.2"}
	ErrDisposition     = &Error{400, "a part's Content-Disposition is not form-data", "RFC 7578 §4.2"}
	ErrParameter       = &Error{400, "a parameter of a part's Content-Disposition is malformed", "RFC 2183 §2"}
	ErrManyParameters  = &Error{400, "a part has more than one name, or file name", "RFC 7578 §4.2"}
	ErrNoName          = &Error{400, "a part has no name", "RFC 7578 §4.2"}
	ErrNameTooLong     = &Error{413, "a part's name is too long", "RFC 7578 §4.2"}
	ErrFileNameTooLong = &Error{413, "a part's file name is too long", "RFC 7578 §4.2"}
	ErrExtended        = &Error{400, "a part's name or file name is only there in extended notation", "RFC 7578 §4.2"}
	ErrTransfer        = &Error{415, "a part has a content transfer encoding", "RFC 7578 §4.7"}
)
