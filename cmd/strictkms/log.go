package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
)

// newLogger logs for people: a line per event, and explanations in lines of their own below it.
func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(&logHandler{Handler: slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}), w: w})
}

// logHandler is [slog.TextHandler] but for the attribute explanation.
type logHandler struct {
	slog.Handler
	w io.Writer
}

// Handle implements [slog.Handler].
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	var below strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "explanation" {
			line.AddAttrs(a)
			return true
		}
		for text := range strings.Lines(a.Value.String()) {
			below.WriteString("  " + text)
		}
		return true
	})
	if err := h.Handler.Handle(ctx, line); err != nil || below.Len() == 0 {
		return err
	}
	_, err := io.WriteString(h.w, below.String())
	return err
}
