package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// manyKeys measures what keys cost that are there and not used: memory, the latency of calls on another key, and the
// latency of a page of ListKeys at the beginning and at the end.
func manyKeys(ctx context.Context, out io.Writer, o options) error {
	few, err := startChild(ctx, kindKeys+":10")
	if err != nil {
		return err
	}
	defer func() { _ = few.stop() }()
	many, err := startChild(ctx, kindKeys+":"+strconv.Itoa(o.keys))
	if err != nil {
		return err
	}
	defer func() { _ = many.stop() }()

	before, err := few.ask("heap")
	if err != nil {
		return err
	}
	after, err := many.ask("heap")
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "keys: %d keys add %.1f MB to the heap\n", o.keys-10, float64(after.Heap-before.Heap)/1e6)

	for _, operation := range o.operations {
		var took [2][]time.Duration
		for i, c := range []*child{few, many} {
			r, err := callOf(ctx, operation, c, c)
			if err != nil {
				return err
			}
			for range o.rounds {
				s, err := load(ctx, c, r, 1, o.batch)
				if err != nil {
					return err
				}
				took[i] = append(took[i], s.p50)
			}
			slices.Sort(took[i])
		}
		a, b := took[0][len(took[0])/2], took[1][len(took[1])/2]
		_, _ = fmt.Fprintf(out, "keys: %s p50 %s with 10 keys, %s with %d (%.2f times)\n",
			operation, micros(a), micros(b), o.keys, float64(b)/float64(a))
	}
	return pages(ctx, out, many, o)
}

// pages measures a page of ListKeys at the beginning and one near the end.
func pages(ctx context.Context, out io.Writer, c *child, o options) error {
	const limit = 100
	marker, last := "", ""
	listed := 0
	for {
		body, err := json.Marshal(page(limit, marker))
		if err != nil {
			return err
		}
		var answer struct {
			Keys       []struct{}
			NextMarker string
			Truncated  bool
		}
		if err := call(ctx, c, "ListKeys", body, &answer); err != nil {
			return err
		}
		listed += len(answer.Keys)
		if !answer.Truncated {
			break
		}
		last, marker = marker, answer.NextMarker
	}
	var took [2]time.Duration
	for i, m := range []string{"", last} {
		body, err := json.Marshal(page(limit, m))
		if err != nil {
			return err
		}
		r, err := newRequest(ctx, c.hello, "ListKeys", body)
		if err != nil {
			return err
		}
		s, err := load(ctx, c, r, 1, o.batch)
		if err != nil {
			return err
		}
		took[i] = s.p50
	}
	_, err := fmt.Fprintf(out, "keys: ListKeys gave all %d; a page of %d takes %s at the beginning, %s near the end (%.2f times)\n",
		listed, limit, micros(took[0]), micros(took[1]), float64(took[1])/float64(took[0]))
	return err
}

func page(limit int, marker string) map[string]any {
	input := map[string]any{"Limit": limit}
	if marker != "" {
		input["Marker"] = marker
	}
	return input
}
