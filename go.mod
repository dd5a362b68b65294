module github.com/ringwire/ringwire

go 1.25.0

require (
	github.com/andybalholm/brotli v1.2.8
	github.com/klauspost/compress v1.20.4
	golang.org/x/sys v0.46.0
)
