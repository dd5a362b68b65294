package ringwire

import "errors"

var (
	// ErrServerClosed is what ListenAndServe and Serve return after Shutdown or Close.
	ErrServerClosed = errors.New("ringwire: server closed")

	// ErrAbortHandler is a value to panic with: the connection is closed at once, nothing is logged.
	ErrAbortHandler = errors.New("ringwire: abort handler")

	// ErrBodyStreaming is returned for a body that has not arrived whole: it is longer than
	// Config.BodyBuffer. Wrap the handler in Blocking to read it as it arrives, use
	// Body.Stream on the loop, or raise Config.BodyBuffer. Its text is for the program's author:
	// a client is better told 413 in other words.
	ErrBodyStreaming = errors.New("ringwire: body is longer than Config.BodyBuffer and still arriving: use Blocking or Body.Stream, or raise BodyBuffer")

	// ErrBodyTooLarge is returned to the reader of a chunked body that has outgrown
	// Config.MaxBody while it was read. A body with Content-Length is refused before.
	ErrBodyTooLarge = errors.New("ringwire: request body is longer than Config.MaxBody")

	// ErrBodyTruncated is returned to the reader of a body whose peer went away or fell
	// below Config.BodyMinRate.
	ErrBodyTruncated = errors.New("ringwire: connection ended before the request body did")

	// ErrBufferFull is returned by WebSocket.Send and its kind when WebSocketConfig.MaxBuffered bytes
	// wait to be sent: the peer does not read as fast as it is written to. Nothing was sent.
	ErrBufferFull = errors.New("ringwire: too much waits to be sent to this WebSocket")

	// ErrConnClosed is returned by writes to a response whose connection is gone, and to a WebSocket
	// that is not open: not yet, closing, or gone.
	ErrConnClosed = errors.New("ringwire: connection closed")

	// ErrContentLength is returned by writes beyond the Content-Length that the handler declared.
	ErrContentLength = errors.New("ringwire: wrote more than the declared Content-Length")

	// ErrNoProgress ends a response whose Stream callback neither wrote nor ended.
	ErrNoProgress = errors.New("ringwire: Stream callback neither wrote nor returned io.EOF")

	// ErrSlowConsumer is the CloseError.Err of a WebSocket that did not take a Topic's messages as fast as
	// they were published.
	ErrSlowConsumer = errors.New("ringwire: the peer is too slow for a topic it is subscribed to")

	// ErrTopicClosed is returned by Topic.Publish and Topic.Subscribe after Topic.Close.
	ErrTopicClosed = errors.New("ringwire: topic closed")

	// ErrUpgrade is returned by Upgrade when the request did not ask for that protocol, or
	// cannot be upgraded any more, and by Flush after Upgrade.
	ErrUpgrade = errors.New("ringwire: request does not ask for an upgrade to that protocol")
)
