// Command server measures what a KMS call costs over HTTP: throughput, latency and the server's CPU time per request,
// of signed and enforced calls beside calls without enforcement and beside a handler that only reads the body. Each
// server is a process of its own, so that its CPU time is its alone; the requests are signed before the clock runs.
// All take turns in one run, because other things on the machine meet all of them alike.
//
//	go run ./bench/server                       # everything
//	go run ./bench/server -connections 16 -operations Encrypt
//	go run ./bench/server -only keys            # what 10,000 keys add
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

// options are the flags of the program.
type options struct {
	rounds      int
	batch       time.Duration
	connections []int
	operations  []string
	only        string
	keys        int
}

func main() {
	if kind := os.Getenv(childVariable); kind != "" {
		if err := serveChild(kind, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "bench server %s: %v\n", kind, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench/server", flag.ContinueOnError)
	connections := flags.String("connections", "1,16", "numbers of connections")
	operations := flags.String("operations", "Encrypt,Decrypt,GenerateDataKey,DescribeKey", "operations to measure")
	flags.IntVar(&o.rounds, "rounds", 7, "rounds of each measurement; the median is printed")
	flags.DurationVar(&o.batch, "batch", 400*time.Millisecond, "time of one server in one round")
	flags.StringVar(&o.only, "only", "", "one of calls, start, keys")
	flags.IntVar(&o.keys, "keys", 10_000, "keys of the measurement of many keys")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	for text := range strings.SplitSeq(*connections, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-connections %q: expected numbers from 1", *connections)
		}
		o.connections = append(o.connections, n)
	}
	o.operations = strings.Split(*operations, ",")
	if flags.NArg() > 0 || o.rounds < 1 || o.batch <= 0 || o.keys < 100 {
		return o, errors.New("expected no arguments, at least one round, a batch of some time and 100 keys")
	}
	return o, nil
}

func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	parts := []struct {
		name string
		run  func(context.Context, io.Writer, options) error
	}{{"calls", calls}, {"start", start}, {"keys", manyKeys}}
	known := o.only == ""
	for _, part := range parts {
		if o.only != "" && o.only != part.name {
			continue
		}
		known = true
		if err := part.run(ctx, out, o); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if !known {
		return fmt.Errorf("-only %q: expected calls, start or keys", o.only)
	}
	return nil
}
