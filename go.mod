module github.com/ringwire/ringwire

go 1.25.0

require golang.org/x/sys v0.46.0

require golang.org/x/crypto v0.52.0
