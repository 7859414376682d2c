package mem_test

import (
	"testing"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
	"github.com/strictkms/strictkms/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return mem.New() })
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(*testing.B) store.Store { return mem.New() })
}
