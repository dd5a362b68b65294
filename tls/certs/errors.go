package certs

import (
	"errors"
	"strings"
)

// Error says what cannot be used, why, and what to do about it.
type Error struct {
	Source string // the files, or what was given in their place
	Err    error  // the cause
	Remedy string // what helps, for people; may be empty
}

func (e *Error) Error() string {
	text := "certs: " + e.Source + ": " + strings.TrimPrefix(e.Err.Error(), "certs: ")
	if e.Remedy != "" {
		text += " (" + e.Remedy + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var (
	// ErrExpired is the cause of an [Error] when a certificate's validity is over.
	ErrExpired = errors.New("the certificate has expired")

	// ErrClosed is returned by calls that change something after Close.
	ErrClosed = errors.New("certs: closed")
)

// ConfigError names the field of a configuration that cannot be used, and why.
type ConfigError struct {
	Field  string
	Reason string
}

func (e *ConfigError) Error() string { return "certs: bad config: " + e.Field + ": " + e.Reason }
