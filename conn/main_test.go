package conn

import (
	"testing"

	"github.com/ringwire/ringwire/internal/leak"
	_ "github.com/ringwire/ringwire/internal/oldkernel"
)

func TestMain(m *testing.M) { leak.Main(m) }
