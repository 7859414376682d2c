package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// start measures the time from the start of the process to the first answer of a signed and enforced call, on a store
// on disk that is new.
func start(ctx context.Context, out io.Writer, o options) error {
	var ready, answered []time.Duration
	for range o.rounds {
		c, err := startChild(ctx, kindBolt)
		if err != nil {
			return err
		}
		took, err := describe(ctx, c, c.KeyID)
		if err != nil {
			return err
		}
		ready, answered = append(ready, c.ready), append(answered, c.ready+took)
		if err := c.stop(); err != nil {
			return err
		}
	}
	slices.Sort(ready)
	slices.Sort(answered)
	_, err := fmt.Fprintf(out, "start: listening after %.1f ms, first answer after %.1f ms (medians of %d; new store on disk, one key)\n",
		millis(ready[len(ready)/2]), millis(answered[len(answered)/2]), o.rounds)
	return err
}

// describe calls DescribeKey and returns how long that took.
func describe(ctx context.Context, c *child, keyID string) (time.Duration, error) {
	body, err := json.Marshal(map[string]string{"KeyId": keyID})
	if err != nil {
		return 0, err
	}
	r, err := newRequest(ctx, c.hello, "DescribeKey", body)
	if err != nil {
		return 0, err
	}
	conn, err := dial(ctx, c.Address)
	if err != nil {
		return 0, err
	}
	defer conn.close()
	began := time.Now()
	_, err = conn.send(r)
	return time.Since(began), err
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
