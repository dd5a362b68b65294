package h1

import "testing"

func TestLimitsWithDefaults(t *testing.T) {
	if got, want := (Limits{}).WithDefaults(), (Limits{8192, 16384, 100, 256, 4096, 8192}); got != want {
		t.Errorf("defaults: %+v, want %+v", got, want)
	}
	none := Limits{-1, -1, -1, -1, -1, -1}.WithDefaults()
	if want := (Limits{unlimited, unlimited, unlimited, unlimited, unlimited, unlimited}); none != want {
		t.Errorf("none: %+v", none)
	}
	if own := (Limits{1, 2, 3, 4, 5, 6}); own.WithDefaults() != own || own.WithDefaults().WithDefaults() != own {
		t.Error("own values changed")
	}
}
