// Command bench prints what a decision of strictkms costs beside a hand-written matcher and cedar-go, what replacing
// a policy costs, and what a policy keeps in memory. Everything is measured in one run, in turn, on
// one processor, after the three have agreed on thousands of random requests.
//
//	go run ./bench                  # everything
//	go run ./bench -only medium     # scenarios whose name contains the word
//	go run ./bench -memory          # only replacement and memory
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/strictkms/strictkms/bench/internal/scenario"
)

// options are the flags of the program.
type options struct {
	rounds  int
	batch   time.Duration
	only    string
	memory  bool
	compare int
	gogc    int
}

func main() {
	var o options
	flag.IntVar(&o.rounds, "rounds", 15, "rounds of each measurement; the median is printed")
	flag.DurationVar(&o.batch, "batch", 50*time.Millisecond, "time of one contender in one round")
	flag.StringVar(&o.only, "only", "", "only scenarios whose name contains this `word`; leaves out replacement and memory")
	flag.BoolVar(&o.memory, "memory", false, "only replacement and memory")
	flag.IntVar(&o.compare, "compare", 5000, "random requests that the contenders must agree on, per scenario")
	flag.IntVar(&o.gogc, "gogc", 100, "garbage collector target, in percent")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run(w io.Writer, o options) error {
	if flag.NArg() > 0 || o.rounds < 1 || o.batch <= 0 {
		return errors.New("usage: bench [-rounds N] [-batch D] [-only WORD] [-memory] [-compare N] [-gogc N]")
	}
	p := &printer{w: w}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(o.gogc)
	if !o.memory {
		if err := latency(p, o); err != nil {
			return err
		}
	}
	if o.only != "" {
		return nil
	}
	if err := replacement(p, o); err != nil {
		return err
	}
	return memory(p)
}

// scenarios returns those that the user asked for, made when they are needed.
func scenarios(only string) []func() *scenario.Scenario {
	all := []func() *scenario.Scenario{
		func() *scenario.Scenario { return scenario.Statements(3) },
		scenario.Medium,
		func() *scenario.Scenario { return scenario.Statements(10) },
		func() *scenario.Scenario { return scenario.Statements(100) },
		func() *scenario.Scenario { return scenario.Statements(1000) },
		func() *scenario.Scenario { return scenario.Grants(1000) },
		func() *scenario.Scenario { return scenario.Wildcards(100) },
	}
	var asked []func() *scenario.Scenario
	for _, s := range all {
		if strings.Contains(s().Name, only) {
			asked = append(asked, s)
		}
	}
	return asked
}
