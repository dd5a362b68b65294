package tls

import "errors"

// ErrNoNative is why the Native backend cannot be had.
var ErrNoNative = errors.New("tls: the Native backend is not built yet: use System or Auto")

// choose takes the backend, once and for all.
func (c *Config) choose() (Backend, error) {
	switch c.Backend {
	case Auto, System:
		return System, nil
	case Native:
		return 0, ErrNoNative
	}
	return 0, &ConfigError{"Backend", c.Backend.String() + " is none of Auto, System, Native"}
}
