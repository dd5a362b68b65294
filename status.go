package ringwire

// Status codes that handlers use often; any number from 200 to 599 can be sent. The names
// are net/http's.
const (
	StatusOK                   = 200
	StatusCreated              = 201
	StatusAccepted             = 202
	StatusNoContent            = 204
	StatusPartialContent       = 206
	StatusMovedPermanently     = 301
	StatusFound                = 302
	StatusSeeOther             = 303
	StatusNotModified          = 304
	StatusTemporaryRedirect    = 307
	StatusPermanentRedirect    = 308
	StatusBadRequest           = 400
	StatusUnauthorized         = 401
	StatusForbidden            = 403
	StatusNotFound             = 404
	StatusMethodNotAllowed     = 405
	StatusRequestTimeout       = 408
	StatusConflict             = 409
	StatusGone                 = 410
	StatusContentTooLarge      = 413
	StatusUnsupportedMediaType = 415
	StatusUnprocessableContent = 422
	StatusTooManyRequests      = 429
	StatusInternalServerError  = 500
	StatusNotImplemented       = 501
	StatusBadGateway           = 502
	StatusServiceUnavailable   = 503
	StatusGatewayTimeout       = 504
)
