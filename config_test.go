package ringwire

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

func TestConfigDefaults(t *testing.T) {
	cfg, err := Config{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{
		"Driver auto":              cfg.Driver == DriverAuto,
		"Logger":                   cfg.Logger != nil,
		"ReadHeaderTimeout 10 s":   cfg.ReadHeaderTimeout == 10*time.Second,
		"IdleTimeout 60 s":         cfg.IdleTimeout == time.Minute,
		"WriteTimeout 30 s":        cfg.WriteTimeout == 30*time.Second,
		"BodyMinRate 1024":         cfg.BodyMinRate == 1024,
		"MaxConns none":            cfg.MaxConns == noLimit,
		"BodyBuffer 1 MiB":         cfg.BodyBuffer == 1<<20,
		"MaxBody as BodyBuffer":    cfg.MaxBody == 1<<20,
		"Workers 64 per processor": cfg.Workers == 64*runtime.GOMAXPROCS(0),
		"WorkQueue 4 per worker":   cfg.WorkQueue == 4*cfg.Workers,
		"SuspectAfter 5 min":       cfg.SuspectAfter == 5*time.Minute,
		"HealthEvery 1 min":        cfg.HealthEvery == time.Minute,
		"SampleLeases none":        cfg.memory().SampleEvery == 0,
		"MemoryLimit 1 GiB":        mem.NewAllocator(cfg.memory()).Stats().Limit == 256<<20<<(2*(math.MaxInt>>62)),
	} {
		if !ok {
			t.Errorf("zero is not the documented default: %s: %+v", name, cfg)
		}
	}
}

func TestConfigNegativeIsNone(t *testing.T) {
	cfg, err := Config{
		ReadHeaderTimeout: -1, IdleTimeout: -1, WriteTimeout: -1, BodyMinRate: -1, MaxConns: -1,
		BodyBuffer: -1, MaxBody: -1, Workers: -1, WorkQueue: -1, MaxHeaderBytes: -1,
		MemoryLimit: -1, SampleLeases: -1, SuspectAfter: -1, HealthEvery: -1,
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	const long = 1000 * 24 * time.Hour
	if cfg.ReadHeaderTimeout < long || cfg.IdleTimeout < long || cfg.WriteTimeout < long || cfg.BodyMinRate != 0 ||
		cfg.MaxConns < 1<<29 || cfg.BodyBuffer < 1<<29 || cfg.MaxBody < 1<<60 || cfg.Workers < 1<<29 || cfg.WorkQueue < 1<<20 {
		t.Errorf("negative is not none: %+v", cfg)
	}
	if now := int64(1 << 60); now+int64(cfg.IdleTimeout) < now {
		t.Error("no limit added to a time overflows")
	}
	if a := mem.NewAllocator(cfg.memory()); a.Stats().Limit != 0 || cfg.SuspectAfter < long || cfg.HealthEvery != forever {
		t.Errorf("negative is not none: %+v", cfg)
	}
}

func TestConfigBodies(t *testing.T) {
	for _, tc := range []struct {
		buffer         int
		max            int64
		wantBuf, wantM int64
		why            string
	}{
		{0, 0, 1 << 20, 1 << 20, "both default"},
		{100, 0, 100, 100, "every body is found whole"},
		{0, 10 << 20, 1 << 20, 10 << 20, "bodies between the two are streamed"},
		{0, 100, 100, 100, "what is refused need not be buffered"},
		{500, 100, 100, 100, "likewise"},
	} {
		cfg, err := Config{BodyBuffer: tc.buffer, MaxBody: tc.max}.withDefaults()
		if err != nil || int64(cfg.BodyBuffer) != tc.wantBuf || cfg.MaxBody != tc.wantM {
			t.Errorf("BodyBuffer %d, MaxBody %d: got %d, %d, %v, want %d, %d: %s",
				tc.buffer, tc.max, cfg.BodyBuffer, cfg.MaxBody, err, tc.wantBuf, tc.wantM, tc.why)
		}
	}
}

func TestConfigErrorText(t *testing.T) {
	_, err := Config{Driver: "kqueue"}.withDefaults()
	e, ok := as[*ConfigError](err)
	if !ok || e.Field != "Driver" || !strings.Contains(err.Error(), "Driver") || !strings.Contains(err.Error(), `"kqueue"`) || !strings.Contains(err.Error(), DriverNetpoll) {
		t.Errorf("%v does not name the field, what is wrong with it, and what is possible", err)
	}
}

// The largest value of a field means what it says: so much that it is never met.
func TestConfigHuge(t *testing.T) {
	cfg, err := Config{
		ReadHeaderTimeout: math.MaxInt64, IdleTimeout: math.MaxInt64, WriteTimeout: math.MaxInt64, BodyMinRate: math.MinInt,
		MaxConns: math.MaxInt, MaxRequestLine: math.MaxInt, MaxHeaders: math.MaxInt, BodyBuffer: math.MaxInt,
		MaxBody: math.MaxInt64, Workers: math.MaxInt, WorkQueue: math.MaxInt,
		MemoryLimit: math.MaxInt64, SampleLeases: math.MaxInt, SuspectAfter: math.MaxInt64, HealthEvery: math.MaxInt64,
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if now := int64(1 << 60); now+int64(cfg.IdleTimeout) < now || now+int64(cfg.ReadHeaderTimeout) < now || now+int64(cfg.WriteTimeout) < now {
		t.Errorf("a timeout added to a time overflows: %+v", cfg)
	}
	if cfg.MaxConns+1024 < cfg.MaxConns || cfg.BodyMinRate != 0 {
		t.Errorf("a limit overflows: %+v", cfg)
	}
}

// The memory's switches reach every allocator.
func TestConfigMemory(t *testing.T) {
	srv := &Server{Handler: HandlerFunc(hello), Config: Config{MemoryLimit: 3 << 20, HugePages: true, LockMemory: true, SampleLeases: 7}}
	p := newNullPeer(t, srv)
	if got, want := srv.Config.memory(), (mem.Config{Limit: 3 << 20, HugePages: true, Lock: true, SampleEvery: 7}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for where, a := range map[string]*mem.Allocator{"loop": p.svc.alloc, "workers": srv.shared} {
		if n := a.Stats().Limit; n != 3<<20 {
			t.Errorf("%s: the limit is %d", where, n)
		}
	}
}
