module github.com/ringwire/ringwire/ring/oracle

go 1.25.0

require (
	github.com/pawelgaczynski/giouring v0.0.0-20230826085535-69588b89acb9
	github.com/ringwire/ringwire v0.0.0
	golang.org/x/sys v0.47.0
)

replace github.com/ringwire/ringwire => ../..
