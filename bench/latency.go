package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/strictkms/strictkms/bench/internal/cedarmatch"
	"github.com/strictkms/strictkms/bench/internal/gomatch"
	"github.com/strictkms/strictkms/bench/internal/measure"
	"github.com/strictkms/strictkms/bench/internal/scenario"
	"github.com/strictkms/strictkms/bench/internal/strict"
)

// decider is a contender: it starts from the request and ends with a verdict.
type decider interface {
	Decide(r *scenario.Request) (allowed bool, err error)
}

var (
	_ decider = (*strict.Authorizer)(nil)
	_ decider = (*gomatch.Matcher)(nil)
	_ decider = (*cedarmatch.Matcher)(nil)
)

// smallest is the scenario that the growth of the others is counted from.
var smallest = scenario.Statements(3).Name

// contender names a decider. The order is that of the columns.
type contender struct {
	name string
	decider
}

// latency prints the table of decision times.
func latency(p *printer, o options) error {
	p.printf("One uncached decision, the building of its input included. Medians of %d rounds of %v each, in turn;\n", o.rounds, o.batch)
	p.printf("GOMAXPROCS=%d GOGC=%d %s. cedar-go's context is a Record of every key of the request;\n", runtime.GOMAXPROCS(0), o.gogc, runtime.Version())
	p.printf("\"its input\" is the part of its time that building this takes.\n\n")
	rows := [][]string{{"scenario", "request", "strictkms", "Go matcher", "cedar-go", "its input", "× Go", "× cedar", "× 3 statements"}}
	small := map[string]time.Duration{} // times of strictkms in the first scenario
	agreed := 0
	for _, build := range scenarios(o.only) {
		s := build()
		contenders, err := contend(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if err := agree(s, contenders, o.compare); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		agreed += o.compare
		for _, c := range s.Cases {
			medians, err := timed(c, contenders, o)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", s.Name, c.Name, err)
			}
			growth := "-"
			if s.Name == smallest {
				small[c.Name] = medians[0]
			} else if small[c.Name] > 0 {
				growth = fmt.Sprintf("%.2f", ratio(medians[0], small[c.Name]))
			}
			rows = append(rows, []string{
				s.Name, c.Name, micro(medians[0]), micro(medians[1]), micro(medians[2]), micro(medians[3]),
				fmt.Sprintf("%.1f", ratio(medians[0], medians[1])), fmt.Sprintf("%.2f", ratio(medians[0], medians[2])), growth,
			})
		}
	}
	p.table(rows)
	p.printf("The three gave the same verdict on %d random requests before they were timed.\n\n", agreed)
	return p.err
}

func contend(s *scenario.Scenario) ([]contender, error) {
	strictkms, err := strict.New(s)
	if err != nil {
		return nil, err
	}
	matcher, err := gomatch.New(s)
	if err != nil {
		return nil, err
	}
	cedar, err := cedarmatch.New(s)
	if err != nil {
		return nil, err
	}
	return []contender{{"strictkms", strictkms}, {"Go matcher", matcher}, {"cedar-go", cedar}}, nil
}

// agree fails on the first request that the contenders decide differently.
func agree(s *scenario.Scenario, contenders []contender, n int) error {
	check := func(what string, r *scenario.Request, want *bool) error {
		for _, c := range contenders {
			got, err := c.Decide(r)
			switch {
			case err != nil:
				return fmt.Errorf("%s on %s: %w", c.name, what, err)
			case want == nil:
				want = &got
			case got != *want:
				return fmt.Errorf("%s says allowed=%t to %s, expected %t: %+v", c.name, got, what, *want, *r)
			}
		}
		return nil
	}
	for _, c := range s.Cases {
		if err := check(c.Name, &c.Request, &c.Allowed); err != nil {
			return err
		}
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same requests in every run
	for i := range n {
		r := s.Random(random)
		if err := check(fmt.Sprintf("random request %d", i), &r, nil); err != nil {
			return err
		}
	}
	return nil
}

// timed measures one request on the three contenders, and last the input of cedar-go alone.
func timed(c scenario.Case, contenders []contender, o options) ([]time.Duration, error) {
	var sides []measure.Side
	for _, contender := range contenders {
		sides = append(sides, measure.Side{Name: contender.name, Run: func() error {
			allowed, err := contender.Decide(&c.Request)
			if err == nil && allowed != c.Allowed {
				err = fmt.Errorf("allowed=%t", allowed)
			}
			return err
		}})
	}
	sides = append(sides, measure.Side{Name: "cedar-go input", Run: func() error {
		_, err := cedarmatch.Input(&c.Request)
		return err
	}})
	return measure.Interleaved(sides, o.rounds, o.batch)
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
