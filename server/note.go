package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
)

// record notes a call in the decision log, before it is answered: who has the answer can ask why. Calls of nobody are
// not noted, as AWS CloudTrail does not.
func (x *exchange) record(err error) {
	if x.call == nil || x.server.config.Trail == nil {
		return
	}
	x.server.config.Trail.Record(&trail.Entry{
		Call: x.call, Operation: x.operation, AccessKeyID: x.caller.accessKeyID, Result: x.result, Err: err,
		Latency: x.took(), Service: x.description(), TLS: x.r.TLS, Host: x.r.Host,
	})
}

// observe counts a call with the code of its exception, empty for none.
func (x *exchange) observe(code string) {
	x.server.metrics.observe(x.name(), code, x.took())
	if x.call == nil || x.call.Mode() == enforce.Off {
		return
	}
	for i := range x.call.Decisions() {
		if x.call.Decisions()[i].Allowed {
			x.server.metrics.allowed.Inc()
		} else {
			x.server.metrics.denied.Inc()
		}
	}
}

// log writes a line about a call: always when something went wrong inside, else for whoever debugs.
func (x *exchange) log(ctx context.Context, err error) {
	logger := x.server.config.Logger
	level := slog.LevelDebug
	if err != nil && x.isInternal(err) {
		level = slog.LevelError
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs,
		slog.String("request", x.id), slog.String("operation", x.name()), slog.Duration("took", x.took()),
		slog.String("peer", x.r.RemoteAddr))
	if x.caller.region != "" {
		attrs = append(attrs, slog.String("principal", x.caller.name()), slog.String("region", x.caller.region))
	}
	if x.call != nil {
		for _, key := range x.call.Keys() {
			attrs = append(attrs, slog.String("key", key.ARN))
		}
	}
	message := "call"
	if err != nil {
		message = "call failed"
		attrs = append(attrs, slog.String("code", x.code(err)), slog.String("error", cause(err)))
	}
	logger.LogAttrs(ctx, level, message, attrs...)
}

// took is how long it took until somebody asked first: until there was an answer to write.
func (x *exchange) took() time.Duration {
	if x.latency == 0 {
		x.latency = time.Since(x.began)
	}
	return x.latency
}

// cause is an error with what happened inside, which an exception does not tell.
func cause(err error) string {
	if e, ok := errors.AsType[*kms.Error](err); ok && e.Cause != nil {
		return e.Error() + ": " + e.Cause.Error()
	}
	if e, ok := errors.AsType[*operation.Error](err); ok && e.Cause != nil {
		return e.Error() + ": " + e.Cause.Error()
	}
	return err.Error()
}
