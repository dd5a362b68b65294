package certs

import (
	"testing"

	"github.com/ringwire/ringwire/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
