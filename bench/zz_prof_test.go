package main

import (
	"testing"

	"github.com/strictkms/strictkms/bench/internal/scenario"
	"github.com/strictkms/strictkms/bench/internal/strict"
)

func BenchmarkProf(b *testing.B) {
	for _, s := range []*scenario.Scenario{scenario.Statements(3), scenario.Medium(), scenario.Statements(1000)} {
		a, err := strict.New(s)
		if err != nil {
			b.Fatal(err)
		}
		for _, t := range s.Cases {
			b.Run(s.Name+"/"+t.Name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := a.Decide(&t.Request); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
