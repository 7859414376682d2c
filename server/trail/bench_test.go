package trail

import (
	"io"
	"testing"
)

// What recording costs the call: remembering it, and with a writer handing it over; and what a line costs its writer.
func BenchmarkRecord(b *testing.B) {
	entry := numbered(b, "r")
	for _, bench := range []struct {
		name   string
		config Config
	}{
		{"remember", Config{}},
		{"write", Config{Writer: io.Discard}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			trail, err := New(bench.config)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				trail.Record(entry)
			}
			if err := trail.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
