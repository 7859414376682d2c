package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// printer writes text and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// table prints rows with every column aligned to the right.
func (p *printer) table(rows [][]string) {
	out := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	cells := &printer{w: out, err: p.err}
	for _, row := range rows {
		cells.printf("%s\t\n", strings.Join(row, "\t"))
	}
	if p.err = cells.err; p.err == nil {
		p.err = out.Flush()
	}
	p.printf("\n")
}

func micro(d time.Duration) string {
	return fmt.Sprintf("%.2f µs", float64(d)/float64(time.Microsecond))
}

func milli(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
