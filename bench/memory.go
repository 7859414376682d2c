package main

import (
	"runtime"
	"time"
)

const memoryPolicies = 2000

// memory prints what a policy of three statements keeps: its document and its compiled form, from
// the growth of the heap over many policies that are all different.
func memory(p *printer) error {
	// What the first policies set up once (interned terms, pools) is not counted.
	f, err := newFleet(100, 3)
	if err != nil {
		return err
	}
	before := heap()
	for range memoryPolicies {
		if err := f.add(); err != nil {
			return err
		}
	}
	kept := heap() - before

	// Were compiled policies dropped again, the memory would be low for the wrong reason and
	// deciding about all of them once more would cost a compilation each.
	start := time.Now()
	for i := range f.keys {
		if err := f.decide(i); err != nil {
			return err
		}
	}
	again := time.Since(start) / time.Duration(len(f.keys))
	p.printf("Kept in memory per key policy of 3 statements, document and compiled: %.1f KB (over %d policies).\n",
		float64(kept)/memoryPolicies/1000, memoryPolicies)
	p.printf("Deciding about all of them once more, with nothing of them in the processor's caches: %s each.\n", micro(again))
	runtime.KeepAlive(f)
	return p.err
}

// heap returns the bytes in use after collecting garbage, twice so that finalizers and pools are done.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
