// Package tls makes connections secure. So far it says with what: [Probe].
package tls
