package keyexchange

import (
	"fmt"
	"testing"
)

// The same operations by each library; alternate runs of one process are what can be compared.
func BenchmarkServe(b *testing.B) {
	eachWayBench(b, func(b *testing.B, by *impl) {
		share, _ := offer(b, by)
		answer, secret := make([]byte, 0, MaxServerShare), make([]byte, 0, MaxSecret)
		for b.Loop() {
			if _, _, err := by.serve(share, answer, secret); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkGenerate(b *testing.B) {
	eachWayBench(b, func(b *testing.B, by *impl) {
		var c Client
		share := make([]byte, 0, MaxClientShare)
		for b.Loop() {
			if _, err := c.generate(by, share); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkGenerateAndFinish(b *testing.B) {
	eachWayBench(b, func(b *testing.B, by *impl) {
		var c Client
		offer, _ := offer(b, by)
		answer, _, err := by.serve(offer, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		share, secret := make([]byte, 0, MaxClientShare), make([]byte, 0, MaxSecret)
		for b.Loop() {
			if _, err := c.generate(by, share); err != nil {
				b.Fatal(err)
			}
			if _, err := c.Finish(by.group, answer, secret); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What the first use of a group costs once.
func BenchmarkCheck(b *testing.B) {
	for i := range specs {
		if circl[i].dh == nil {
			continue
		}
		b.Run(specs[i].name, func(b *testing.B) {
			for b.Loop() {
				s := slot{std: std[i], fast: circl[i]}
				if s.get() == nil {
					b.Fatal(s.why)
				}
			}
		})
	}
}

func eachWayBench(b *testing.B, bench func(b *testing.B, by *impl)) {
	for i := range specs {
		for _, name := range []string{Crypto, Circl} {
			if by := ways(i)[name]; by != nil {
				b.Run(fmt.Sprintf("%v/%s", specs[i].group, name), func(b *testing.B) {
					b.ReportAllocs()
					bench(b, by)
				})
			}
		}
	}
}
