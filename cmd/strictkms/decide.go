package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/inline"
)

// maxLineInBytes bounds one request: a hundred of the largest key policies fit many times over.
const maxLineInBytes = 16 << 20

func newDecide(ctx context.Context, s streams) *cobra.Command {
	var assume []string
	cmd := &cobra.Command{
		Use:   "decide",
		Short: "Decide requests that carry their policies: JSON lines in, JSON lines out",
		Long: `Read one request per line from standard input and write one decision per line to standard output, in order.
A line is a JSON object with the request and every policy that applies to it: id, principal, action, resource,
resourceAccount, context, identityPolicies, resourcePolicy, permissionBoundaries, sessionPolicy, scps, rcps,
vpcEndpointPolicies, grants and assume. A line that cannot be decided gives {"id", "error"}, and the next one is read.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("decide takes no arguments: it reads standard input")
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error {
			readings, err := readingsOf(assume)
			if err != nil {
				return err
			}
			return runDecide(ctx, readings, s.in, s.out)
		},
	}
	addAssume(cmd, &assume)
	return cmd
}

// decided is the answer to a line.
type decided struct {
	ID json.RawMessage `json:"id"`
	evaluator.Decision
}

// undecided is the answer to a line that is not a request.
type undecided struct {
	ID    json.RawMessage `json:"id"`
	Error string          `json:"error"`
}

// runDecide answers lines until the input ends.
func runDecide(ctx context.Context, readings evaluator.Readings, in io.Reader, out io.Writer) error {
	//nolint:contextcheck // it only compiles what is built in: there is nothing to cancel
	base := evaluator.New(&source.World{}).Assuming(readings)
	d := &decider{base: base, out: bufio.NewWriter(out)}
	r := newLineReader(in, "standard input")
	return r.each(func(line []byte, tooLong bool, name string) error {
		if err := d.answer(ctx, line, tooLong, name); err != nil {
			return err
		}
		if r.hasLine() {
			return nil
		}
		return d.out.Flush()
	})
}

// decider answers lines; policies that several lines have are compiled once.
type decider struct {
	base *evaluator.Evaluator
	out  *bufio.Writer
}

// answer writes the answer to a line; an empty line has none.
func (d *decider) answer(ctx context.Context, line []byte, tooLong bool, name string) error {
	if tooLong {
		return d.write(undecided{Error: fmt.Sprintf("%s: the line has more than %d bytes", name, maxLineInBytes)})
	}
	if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	c, err := inline.Read(line, name)
	if err != nil {
		return d.write(undecided{ID: c.ID, Error: err.Error()})
	}
	readings, err := c.Readings(d.base.Readings())
	if err != nil { // not reached: each of them was read
		return d.write(undecided{ID: c.ID, Error: name + ": " + err.Error()})
	}
	decision, err := d.base.In(c.World).Assuming(readings).Explain(ctx, c.Request)
	if err != nil {
		return d.write(undecided{ID: c.ID, Error: name + ": " + err.Error()})
	}
	for _, warning := range c.Warnings {
		decision.Warnings = append(decision.Warnings, warning.String())
	}
	return d.write(decided{ID: c.ID, Decision: decision})
}

func (d *decider) write(value any) error {
	e := json.NewEncoder(d.out)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}
