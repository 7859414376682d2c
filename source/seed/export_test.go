package seed

import (
	"context"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/source"
)

// Printable is how a document is written.
var Printable = printable

// ApplyIdentities writes everything but keys: the keys of the corpus have ids that a server does not take.
func ApplyIdentities(ctx context.Context, w *source.World, s *iam.Service, o Options) (Report, error) {
	var r Report
	steps, err := identities(w, o)
	if err != nil {
		return r, err
	}
	diags, err := check(ctx, s, steps)
	if err != nil {
		return r, err
	}
	if diags.HasErrors() {
		return r, diags
	}
	return r, run(ctx, s, steps, &r)
}
