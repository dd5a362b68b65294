package h1

// Error is a breach of the protocol by the peer. Every value is prebuilt and shared: compare pointers, never write.
type Error struct {
	Status int    // the status to answer with before closing
	Text   string // what was wrong, for the answer's body and for logs; no bytes of the peer
	Ref    string // the paragraph that was breached
}

// Error says what was wrong and where that is written.
func (e *Error) Error() string { return "h1: " + e.Text + " (" + e.Ref + ")" }

// The request line.
var (
	ErrBadMethod          = &Error{400, "the method is not a token", "RFC 9110 §9.1"}
	ErrMethodTooLong      = &Error{400, "the method is too long", "RFC 9112 §3"}
	ErrLeadingSpace       = &Error{400, "whitespace before the request line", "RFC 9112 §2.2"}
	ErrEmptyLines         = &Error{400, "more than one empty line before the request line", "RFC 9112 §2.2"}
	ErrBadTarget          = &Error{400, "the request target holds a byte that it must not", "RFC 9112 §3.2"}
	ErrEmptyTarget        = &Error{400, "the request target is missing", "RFC 9112 §3.2"}
	ErrTargetForm         = &Error{400, "the request target has none of the four forms", "RFC 9112 §3.2"}
	ErrTargetFragment     = &Error{400, "the request target has a fragment", "RFC 9112 §3.2"}
	ErrTargetEscape       = &Error{400, "the path has a bad or forbidden percent-escape", "RFC 3986 §2.1"}
	ErrTargetAuthority    = &Error{400, "the request target's authority is not valid", "RFC 9110 §4.2"}
	ErrTargetUserinfo     = &Error{400, "the request target's authority has user information", "RFC 9110 §4.2.4"}
	ErrAsteriskForm       = &Error{400, "asterisk-form with a method other than OPTIONS", "RFC 9112 §3.2.4"}
	ErrAuthorityForm      = &Error{400, "CONNECT without a target host:port", "RFC 9112 §3.2.3"}
	ErrRequestLineTooLong = &Error{414, "the request line is too long", "RFC 9112 §3"}
	ErrNoVersion          = &Error{400, "the request line has no version", "RFC 9112 §3"}
	ErrBadVersion         = &Error{400, "the version is malformed", "RFC 9112 §2.3"}
	ErrVersion            = &Error{505, "only HTTP/1.0 and HTTP/1.1 are spoken here", "RFC 9110 §15.6.6"}
)

// Lines and fields.
var (
	ErrBareCR          = &Error{400, "CR without LF", "RFC 9112 §2.2"}
	ErrBareLF          = &Error{400, "LF without CR", "RFC 9112 §2.2"}
	ErrFieldNUL        = &Error{400, "NUL in a field", "RFC 9110 §5.5"}
	ErrFieldControl    = &Error{400, "control character in a field value", "RFC 9110 §5.5"}
	ErrFieldName       = &Error{400, "a field name is not a token", "RFC 9110 §5.1"}
	ErrFieldNameEmpty  = &Error{400, "a field name is empty", "RFC 9110 §5.1"}
	ErrFieldNoColon    = &Error{400, "a field line has no colon", "RFC 9112 §5"}
	ErrSpaceBeforeName = &Error{400, "a field line begins with whitespace", "RFC 9112 §5.2"}
	ErrSpaceAfterName  = &Error{400, "whitespace between field name and colon", "RFC 9112 §5.1"}
	ErrHeadTooLarge    = &Error{431, "the header section is too large", "RFC 6585 §5"}
	ErrTooManyFields   = &Error{431, "too many fields", "RFC 6585 §5"}
)

// Fields that the engine acts on.
var (
	ErrNoHost             = &Error{400, "Host is missing", "RFC 9112 §3.2"}
	ErrManyHosts          = &Error{400, "more than one Host", "RFC 9112 §3.2"}
	ErrBadHost            = &Error{400, "Host is not valid", "RFC 9112 §3.2"}
	ErrHostEmpty          = &Error{400, "Host is empty", "RFC 9110 §4.2.1"}
	ErrBadLength          = &Error{400, "Content-Length is not a plain decimal number", "RFC 9112 §6.3"}
	ErrLengthOverflow     = &Error{400, "Content-Length is too large", "RFC 9110 §8.6"}
	ErrManyLengths        = &Error{400, "more than one Content-Length", "RFC 9112 §6.3"}
	ErrLengthAndCoding    = &Error{400, "Content-Length together with Transfer-Encoding", "RFC 9112 §6.1"}
	ErrBadCoding          = &Error{400, "Transfer-Encoding is malformed", "RFC 9112 §6.1"}
	ErrManyCodings        = &Error{400, "more than one Transfer-Encoding", "RFC 9112 §6.1"}
	ErrChunkedTwice       = &Error{400, "chunked is applied twice", "RFC 9112 §6.1"}
	ErrChunkedNotLast     = &Error{400, "chunked is not the final transfer coding", "RFC 9112 §6.3"}
	ErrCoding             = &Error{501, "unknown transfer coding", "RFC 9112 §6.1"}
	ErrCodingVersion      = &Error{400, "Transfer-Encoding in HTTP/1.0", "RFC 9112 §6.1"}
	ErrLookalike          = &Error{400, "a field name imitates a framing field", "RFC 9112 §11.2"}
	ErrExpectation        = &Error{417, "only 100-continue can be expected", "RFC 9110 §10.1.1"}
	ErrTraceContent       = &Error{400, "TRACE with content", "RFC 9110 §9.3.8"}
	ErrTrailerField       = &Error{400, "a field that must not be in a trailer section, nor announced for one", "RFC 9110 §6.5.1"}
	ErrTrailersTooLarge   = &Error{431, "the trailer section is too large", "RFC 9112 §7.1.2"}
	ErrChunkSize          = &Error{400, "a chunk size is not a plain hexadecimal number", "RFC 9112 §7.1"}
	ErrChunkOverflow      = &Error{400, "a chunk size is too large", "RFC 9112 §7.1"}
	ErrChunkExtension     = &Error{400, "a chunk extension is malformed", "RFC 9112 §7.1.1"}
	ErrChunkLineTooLong   = &Error{400, "a chunk line is too long", "RFC 9112 §7.1.1"}
	ErrExtensionsTooLarge = &Error{400, "too many bytes of chunk extensions", "RFC 9112 §7.1.1"}
	ErrChunkEnd           = &Error{400, "chunk data is not followed by CRLF", "RFC 9112 §7.1"}
	ErrTruncatedHead      = &Error{400, "the connection ended inside a head", "RFC 9112 §8"}
	ErrTruncatedBody      = &Error{400, "the connection ended inside a body", "RFC 9112 §8"}
)
