package enforce

import (
	"context"
	"log/slog"

	"github.com/strictkms/strictkms/kms"
)

// maxCauses bounds how many causes of would-be denials are remembered. One that was forgotten is logged again.
const maxCauses = 4096

// cause is what two would-be denials have in common when the second says nothing new.
type cause struct{ principal, action, resource, reason string }

// cause tells what a denial is about.
func (c *Call) cause(d *Decision) cause {
	return cause{c.callerARN(), d.Request.Action, d.Request.Acted(), d.Answer.Reason}
}

// wouldDeny logs, once per cause, what mode strict would deny.
func (e *Enforcer) wouldDeny(ctx context.Context, c *Call, d *Decision, refusal *kms.Error) {
	what := c.cause(d)
	if seen, _ := e.causes.ContainsOrAdd(what, struct{}{}); seen {
		return
	}
	attrs := append(c.attrs(what), slog.String("code", refusal.Code), slog.String("message", refusal.Message))
	if d.Err != nil {
		attrs = append(attrs, slog.String("error", d.Err.Error()))
	} else if explained, err := e.Explain(ctx, d.Request); err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	} else if e.describe != nil {
		attrs = append(attrs, slog.String("explanation", e.describe(d.Request, explained)))
	} else {
		attrs = append(attrs, slog.Any("explanation", explained))
	}
	e.logger.LogAttrs(ctx, slog.LevelWarn, "would be denied", attrs...)
}

// failed logs that a decision could not be made.
func (e *Enforcer) failed(ctx context.Context, c *Call, d *Decision) {
	attrs := append(c.attrs(c.cause(d)), slog.String("error", d.Err.Error()))
	e.logger.LogAttrs(ctx, slog.LevelError, "denied, because no decision could be made", attrs...)
}

func (c *Call) attrs(what cause) []slog.Attr {
	return []slog.Attr{
		slog.String("request", c.connection.RequestID), slog.String("principal", what.principal),
		slog.String("action", what.action), slog.String("resource", what.resource),
		slog.String("reason", what.reason),
	}
}
