module github.com/ringwire/ringwire

go 1.25.0

require (
	github.com/andybalholm/brotli v1.2.8
	github.com/cloudflare/circl v1.6.5
	github.com/klauspost/compress v1.20.4
	golang.org/x/crypto v0.55.0
	golang.org/x/sys v0.47.0
)
