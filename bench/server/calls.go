package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"text/tabwriter"
	"time"
)

// The servers that are compared.
const (
	kindNoop = "noop"
	// kindNoopByDefault is a noop whose garbage is collected as Go does by default, and not as the server does.
	kindNoopByDefault = "noop-default-gc"
	kindOff           = "off"
	kindStrict        = "strict"
)

// sample is what one server did in one round.
type sample struct {
	throughput float64 // requests per second
	p50, p99   time.Duration
	cpu        time.Duration // of the server, per request
}

// calls measures single operations.
func calls(ctx context.Context, out io.Writer, o options) error {
	kinds := []string{kindNoop, kindNoopByDefault, kindOff, kindStrict}
	children := map[string]*child{}
	defer func() {
		for _, c := range children {
			_ = c.stop()
		}
	}()
	for _, kind := range kinds {
		c, err := startChild(ctx, kind)
		if err != nil {
			return err
		}
		children[kind] = c
	}
	// The handlers that do nothing get what the strict server gets.
	for _, kind := range []string{kindNoop, kindNoopByDefault} {
		noop := *children[kind]
		noop.AccessKeyID, noop.SecretAccessKey = children[kindStrict].AccessKeyID, children[kindStrict].SecretAccessKey
		noop.KeyID = children[kindStrict].KeyID
		children[kind] = &noop
	}

	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "operation\tconnections\tserver\trequests/s\tp50\tp99\tCPU/request\tto noop\t")
	for _, operation := range o.operations {
		requests := map[string]request{}
		for kind, c := range children {
			r, err := callOf(ctx, operation, c, children[kindStrict])
			if err != nil {
				return err
			}
			requests[kind] = r
		}
		for _, n := range o.connections {
			if err := compare(ctx, w, o, operation, n, kinds, children, requests); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// compare puts one request to all servers in turn, and prints the medians of the rounds.
func compare(
	ctx context.Context, w io.Writer, o options, operation string, n int,
	kinds []string, children map[string]*child, requests map[string]request,
) error {
	samples := map[string][]sample{}
	for round := range o.rounds + 1 {
		for _, kind := range kinds {
			s, err := load(ctx, children[kind], requests[kind], n, o.batch)
			if err != nil {
				return err
			}
			if round > 0 { // the first is for warming up
				samples[kind] = append(samples[kind], s)
			}
		}
	}
	base := median(samples[kindNoop], func(s sample) time.Duration { return s.cpu })
	for _, kind := range kinds {
		of := samples[kind]
		cpu := median(of, func(s sample) time.Duration { return s.cpu })
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%.0f\t%s\t%s\t%s\t%.2f\t\n", operation, n, kind,
			median(of, func(s sample) float64 { return s.throughput }),
			micros(median(of, func(s sample) time.Duration { return s.p50 })),
			micros(median(of, func(s sample) time.Duration { return s.p99 })),
			micros(cpu), float64(cpu)/float64(base))
	}
	return nil
}

// load sends a request over n connections for some time.
func load(ctx context.Context, c *child, r request, n int, batch time.Duration) (sample, error) {
	before, err := c.ask("usage")
	if err != nil {
		return sample{}, err
	}
	latencies := make([][]time.Duration, n)
	errs := make([]error, n)
	began := time.Now()
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			latencies[i], errs[i] = hammer(ctx, c.Address, r, began.Add(batch))
		})
	}
	group.Wait()
	took := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		return sample{}, err
	}
	after, err := c.ask("usage")
	if err != nil {
		return sample{}, err
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return sample{
		throughput: float64(len(all)) / took.Seconds(),
		p50:        all[len(all)/2], p99: all[len(all)*99/100],
		cpu: (after.CPU - before.CPU) / time.Duration(len(all)),
	}, nil
}

// hammer sends a request again and again over one connection, and returns how long each took.
func hammer(ctx context.Context, address string, r request, until time.Time) ([]time.Duration, error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	var latencies []time.Duration
	for ctx.Err() == nil {
		began := time.Now()
		if began.After(until) && len(latencies) > 0 {
			break
		}
		if _, err := conn.send(r); err != nil {
			return nil, err
		}
		latencies = append(latencies, time.Since(began))
	}
	return latencies, context.Cause(ctx)
}

// callOf makes the request of an operation for a server. What Decrypt needs is encrypted by that server first, and
// for the handler that does nothing by another.
func callOf(ctx context.Context, operation string, c, other *child) (request, error) {
	input := map[string]any{"KeyId": c.KeyID}
	encryption := map[string]string{"tenant": "a", "purpose": "bench"}
	switch operation {
	case "DescribeKey":
	case "Encrypt":
		input["Plaintext"], input["EncryptionContext"] = make([]byte, 256), encryption
	case "GenerateDataKey":
		input["KeySpec"], input["EncryptionContext"] = "AES_256", encryption
	case "Decrypt":
		from := c
		if c.kind == kindNoop || c.kind == kindNoopByDefault {
			from = other
		}
		blob, err := encrypted(ctx, from, encryption)
		if err != nil {
			return request{}, err
		}
		delete(input, "KeyId")
		input["CiphertextBlob"], input["EncryptionContext"] = blob, encryption
	default:
		return request{}, fmt.Errorf("the operation %q is not measured", operation)
	}
	body, err := json.Marshal(input)
	if err != nil {
		return request{}, err
	}
	return newRequest(ctx, c.hello, operation, body)
}

func encrypted(ctx context.Context, c *child, encryption map[string]string) ([]byte, error) {
	body, err := json.Marshal(map[string]any{
		"KeyId": c.KeyID, "Plaintext": make([]byte, 256), "EncryptionContext": encryption,
	})
	if err != nil {
		return nil, err
	}
	var answer struct{ CiphertextBlob []byte }
	err = call(ctx, c, "Encrypt", body, &answer)
	return answer.CiphertextBlob, err
}

// call makes one call.
func call(ctx context.Context, c *child, operation string, body []byte, answer any) error {
	r, err := newRequest(ctx, c.hello, operation, body)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, c.Address)
	if err != nil {
		return err
	}
	defer conn.close()
	response, err := conn.send(r)
	if err != nil {
		return err
	}
	return json.Unmarshal(response, answer)
}

// median returns the median of one number of the samples.
func median[T int | float64 | time.Duration](samples []sample, of func(sample) T) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%.1fµs", float64(d)/float64(time.Microsecond))
}
