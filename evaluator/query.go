package evaluator

import (
	"fmt"
	"strings"
	"sync"

	"github.com/strictkms/strictkms/policy"
)

const (
	retireGrant = "kms:RetireGrant"
	// awsAccount is in the place of the account in the ARNs of the policies that AWS manages, which are everybody's.
	awsAccount = "aws"
)

// query is one request with everything that was looked up for it.
type query struct {
	req         *Request // the query's own
	own         Request
	readings    Readings
	action      *policy.Action
	fields      []fieldValue // of the principal
	resourceARN string
	resource    policy.ARN
	account     *Account // the caller's, nil when not known
	owner       *Account // the resource's, nil when not known

	principal *principalUnits
	key       *keyUnits // of the key or the role that is to be assumed, nil for requests without either
	grants    []*grantGroup
	scps      [][]*unit
	rcps      [][]*unit
	endpoint  []*unit

	flags  facts // the facts that the request itself decides
	given  []givenKey
	looked []keyValue
	open   *opening // nil when nothing is left open

	scratch scratch
}

// scratch is memory that one request after another uses.
type scratch struct {
	given  []givenKey
	looked []keyValue
	keys   []*mentionedKey
	hits   []hit
	values []contextValue
}

// queries keeps the memory of finished requests for later ones.
var queries = sync.Pool{New: func() any { return &query{} }}

// release gives the query's memory to later requests. Nothing may refer to the query afterwards.
func (q *query) release() {
	s := scratch{
		given: wiped(q.given), looked: wiped(q.looked), keys: wiped(q.scratch.keys),
		hits: wiped(q.scratch.hits), values: wiped(q.scratch.values),
	}
	*q = query{scratch: s}
	queries.Put(q)
}

// maxScratch bounds the memory that an unusual request leaves to later ones.
const maxScratch = 64

// wiped empties a slice and keeps its memory, without what it referred to.
func wiped[T any](s []T) []T {
	if cap(s) > maxScratch {
		return nil
	}
	clear(s[:cap(s)])
	return s[:0]
}

// RequestError is a request that no decision can be made about.
type RequestError struct {
	Problem string
}

// Error implements error.
func (e *RequestError) Error() string { return e.Problem }

func badRequest(format string, args ...any) error {
	return &RequestError{Problem: fmt.Sprintf(format, args...)}
}

// newQuery looks everything up that the request needs.
func (e *Evaluator) newQuery(req *Request, b bound) (*query, error) {
	q, err := e.begin(req, b)
	if err != nil {
		return nil, err
	}
	return q, e.complete(q, b)
}

// begin checks the request and finds the principal, the key and their accounts.
func (e *Evaluator) begin(asked *Request, b bound) (*query, error) {
	q, ok := queries.Get().(*query)
	if !ok { // not reached: the pool makes what it has not
		q = &query{}
	}
	q.own = *asked // so that a request need not be on the heap
	req := &q.own
	q.req, q.readings = req, e.readings
	if err := q.listGiven(); err != nil {
		return nil, err
	}
	if err := q.checkRequest(); err != nil {
		return nil, err
	}
	q.account = e.world.Account(req.Principal.Account)
	if q.owner = q.account; q.resource.Account != req.Principal.Account {
		q.owner = e.world.Account(q.resource.Account)
	}
	var err error
	if q.principal, err = e.principal(req.Principal, b); err != nil {
		return nil, err
	}
	q.fields = q.principal.fields
	if req.Key != nil {
		if q.key, err = e.key(req.Key, b); err != nil {
			return nil, err
		}
	}
	if req.Role != nil {
		if q.key, err = e.role(req.Role, q.rootMayNot(), b); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// complete finds the other policies that apply.
func (e *Evaluator) complete(q *query, b bound) error {
	if q.req.Key != nil {
		q.grants = e.grantsFor(q.req.Key, q.req.Principal, q.action, q.req.Grant)
	}
	if err := e.outerUnits(q, b); err != nil {
		return err
	}
	q.setFlags()
	return nil
}

// checkRequest finds the action and the resource.
func (q *query) checkRequest() error {
	if q.req.Principal == nil {
		return badRequest("the request has no principal")
	}
	if _, ok := principalTypes[q.req.Principal.Type]; !ok {
		return badRequest("the principal %q has no type", q.req.Principal.ARN)
	}
	action, ok := policy.LookupAction(q.req.Action)
	if !ok || !strings.Contains(q.req.Action, ":") {
		return badRequest("%q is not an action of %s%s",
			q.req.Action, policy.ServiceTitle(q.req.Action), policy.ActionHint("; did you mean %s?", q.req.Action))
	}
	q.action = action
	if !action.IsKMS() {
		return q.checkResource()
	}
	q.resourceARN = "*"
	switch {
	case q.req.Role != nil || q.req.Resource != "":
		return badRequest("%s acts on a key or an alias only", action.Name)
	case q.req.Key != nil && q.req.Alias != "":
		return badRequest("the request has a key and an alias: decide each side by itself")
	case q.req.Key != nil:
		q.resourceARN = q.req.Key.ARN
	case q.req.Alias != "":
		q.resourceARN = q.req.Alias
	}
	switch {
	case q.req.Key != nil && !action.On("key"):
		return badRequest("%s does not act on a key", action.Name)
	case q.req.Alias != "" && !action.On("alias"):
		return badRequest("%s does not act on an alias: it acts on the key that the alias names", action.Name)
	case q.resourceARN == "*" && action.On("key"):
		return badRequest("%s acts on a key and the request names none", action.Name)
	}
	if q.resourceARN != "*" {
		arn, ok := q.req.parseResource(q.resourceARN)
		if !ok || arn.Service != "kms" {
			return badRequest("%q is not the ARN of a KMS key or alias", q.resourceARN)
		}
		q.resource = arn
	}
	return nil
}

// outerUnits finds the policies of the organization and of the VPC endpoint that apply.
func (e *Evaluator) outerUnits(q *query, b bound) error {
	p := q.req.Principal
	var err error
	if q.account != nil && q.account.SCPs != nil && !q.account.Management && !p.ServiceLinked && !p.outside() {
		if q.scps, err = e.levels(q.account.SCPs, b); err != nil {
			return err
		}
	}
	if q.owner != nil && !q.owner.Management && !p.ServiceLinked && q.action.Name != retireGrant &&
		(q.req.Key == nil || !q.req.Key.AWSManaged) {
		if q.rcps, err = e.levels(q.owner.RCPs, b); err != nil {
			return err
		}
	}
	if q.throughEndpoint() {
		q.endpoint, err = e.unitsOf(q.req.EndpointPolicies, b)
	}
	return err
}

func (s *variant) levels(levels [][]*policy.Document, b bound) ([][]*unit, error) {
	out := make([][]*unit, len(levels))
	for i, level := range levels {
		units, err := s.unitsOf(level, b)
		if err != nil {
			return nil, err
		}
		out[i] = units
	}
	return out, nil
}

// throughEndpoint reports whether an endpoint policy applies: calls that a service makes, for itself or
// for the caller, do not pass the caller's endpoint.
func (q *query) throughEndpoint() bool {
	return q.req.EndpointPolicies != nil && q.req.Principal.Type != Service && !forwarded(q.req.Context)
}

// onKey reports whether a key policy, or a trust policy, has a say.
func (q *query) onKey() bool { return q.key != nil }

func (q *query) setFlags() {
	p := q.req.Principal
	q.flags.set(callerRoot, p.Type == Root)
	q.flags.set(callerService, p.outside())
	q.flags.set(callerFederated, p.Type == FederatedUser)
	q.flags.set(callerSameAccount, q.resource.Account == "" || q.resource.Account == awsAccount || p.Account == q.resource.Account)
	q.flags.set(actionOnKey, q.onKey())
	q.flags.set(actionCrossAccount, q.action.CrossAccount)
	q.flags.set(actionRetireGrant, q.action.Name == retireGrant)
	q.flags.set(actionUnchecked, q.action.Unchecked)
	q.flags.set(boundaryApplies, p.Boundary != nil)
	q.flags.set(sessionApplies, p.HasSession)
	q.flags.set(scpApplies, q.scps != nil)
	q.flags.set(endpointApplies, q.throughEndpoint())
	for b, is := range factReadings {
		q.flags.set(b, q.readings.Reads(is.assumption, is.reading))
	}
}

// parseResource parses the ARN that a request acts on. That of a key is parsed once.
func (r *Request) parseResource(arn string) (policy.ARN, bool) {
	if r.Key != nil && r.Key.ARN == arn {
		if u := r.Key.prepared.bounds[strict].Load(); u != nil {
			return u.arn, true // it was good when the key was prepared
		}
	}
	return policy.ParseARN(arn)
}
