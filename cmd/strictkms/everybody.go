package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/simulator/access"
	"github.com/strictkms/strictkms/source"
)

// requestParams are what is known about the requests of a question about everybody.
type requestParams struct {
	context    []string
	unknown    []string
	viaService string
	sourceVPCE string
	closed     bool
	now        func() time.Time
}

// openLong explains the flags of addRequest.
const openLong = `What a request carries is left open, such as its encryption context or the service that makes it: the answer is always,
never, or under which conditions. --context, --via-service and --source-vpce say what the requests carry, --closed that
they carry nothing else. They are made now and over TLS unless --context or --unknown says otherwise.`

// addRequest adds the flags that say what is known about the requests.
func addRequest(cmd *cobra.Command, p *requestParams) {
	flags := cmd.Flags()
	flags.StringArrayVar(&p.context, "context", nil, "a condition key of the requests as `K=V`; repeat it for a list of values")
	flags.StringVar(&p.viaService, "via-service", "",
		"the `SERVICE` that makes the calls on the principals' behalf, for example s3 or s3.eu-west-2.amazonaws.com")
	flags.StringVar(&p.sourceVPCE, "source-vpce", "", "the `ID` of the VPC endpoint in a world file that the requests come through")
	flags.StringArrayVar(&p.unknown, "unknown", nil,
		"leave the condition `KEY` open although its value is known; kms:EncryptionContext:* is a family (repeatable)")
	flags.BoolVar(&p.closed, "closed", false, "the requests carry what is said about them and nothing else, as those of can")
}

// settings reads the flags.
func (p *requestParams) settings(w *source.World) (access.Settings, error) {
	out := access.Settings{Open: p.unknown, Closed: p.closed}
	if p.viaService != "" && p.sourceVPCE != "" {
		// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-aws.html
		return out, errors.New("a call that a service makes does not pass a VPC endpoint: use --via-service or --source-vpce, not both")
	}
	given := evaluator.Context{}
	asked := canParams{viaService: p.viaService, sourceVPCE: p.sourceVPCE}
	base := &simulator.Question{Context: given}
	err := errors.Join(readContext(given, p.context), asked.setEndpoint(base, w), asked.setService(base, w.Defaults.Region), p.checkUnknown(given))
	if err != nil {
		return out, err
	}
	out.EndpointPolicies = base.EndpointPolicies
	var contexts sync.Map // of evaluator.Context by Region
	out.Context = func(key *evaluator.Key) evaluator.Context {
		region := w.Defaults.Region
		if key != nil {
			arn, _ := policy.ParseARN(key.ARN)
			region = arn.Region
		}
		if known, ok := contexts.Load(region); ok {
			return known.(evaluator.Context) //nolint:forcetypeassert // there is nothing else in it
		}
		q := &simulator.Question{Context: evaluator.Context{}}
		_ = readContext(q.Context, p.context) // it was read before
		_ = asked.setEndpoint(q, w)           // found before
		_ = asked.setService(q, region)       // understood before
		p.setNow(q.Context)
		contexts.Store(region, q.Context)
		return q.Context
	}
	return out, nil
}

// setNow makes the facts about requests that are made now, but for those that are left open.
func (p *requestParams) setNow(c evaluator.Context) {
	now := evaluator.Context{}
	setNow(now, p.now())
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if !slices.ContainsFunc(p.unknown, func(open string) bool { return opens(open, name) }) {
			setDefault(c, name, now[name]...)
		}
	}
}

// opens reports whether a key or a family of --unknown is, or has, a condition key.
func opens(open, name string) bool {
	family, isFamily := strings.CutSuffix(open, "*")
	return strings.EqualFold(open, name) || isFamily && len(name) >= len(family) && strings.EqualFold(name[:len(family)], family)
}

// checkUnknown refuses a key that --context gives.
func (p *requestParams) checkUnknown(given evaluator.Context) error {
	var errs []error
	for _, open := range p.unknown {
		for name := range given {
			if strings.EqualFold(open, name) {
				errs = append(errs, errors.New("--unknown "+open+": --context says what it is"))
			}
		}
	}
	return errors.Join(errs...)
}
