package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
)

// question looks the names up and completes the request. It reports every name that is not there.
func (p *canParams) question(w *source.World, errw io.Writer) (*simulator.Question, error) {
	q := &simulator.Question{Context: evaluator.Context{}, Grant: p.grant}
	maps.Copy(q.Context, p.keys)
	action, actionErr := lookupAction(p.action)
	if actionErr == nil {
		q.Action = action.Name
	}
	contextErr := readContext(q.Context, p.context)
	errs := []error{
		actionErr, contextErr, p.setPrincipal(q, w, errw), p.setKey(q, w, action), p.setEndpoint(q, w),
		p.setService(q, w.Defaults.Region), p.checkGrant(q), p.setUnknown(q),
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	now := evaluator.Context{}
	setNow(now, p.now())
	for name, values := range now {
		if !p.isOpen(name) {
			setDefault(q.Context, name, values...)
		}
	}
	return q, nil
}

// readContext adds the condition keys of --context.
func readContext(c evaluator.Context, texts []string) error {
	return pairs("context", texts, func(key, value string) error {
		if service, name, ok := strings.Cut(key, ":"); !ok || service == "" || name == "" {
			return errors.New("expected a condition key such as kms:ViaService before the equals sign")
		}
		c[key] = append(c[key], value)
		return nil
	})
}

// lookupAction finds an action, with or without its kms: prefix and in any case.
func lookupAction(name string) (*policy.Action, error) {
	if action, ok := policy.LookupAction(name); ok {
		return action, nil
	}
	return nil, fmt.Errorf("there is no action %s of %s%s", name, policy.ServiceTitle(name), policy.ActionHint("; nearest: %s", name))
}

// setPrincipal finds the caller, in a session of its own when it has a session policy.
func (p *canParams) setPrincipal(q *simulator.Question, w *source.World, errw io.Writer) error {
	switch {
	case p.session != nil:
		var err error
		q.Principal, err = w.Session(p.principal, source.Session{HasPolicies: true, Policies: []*policy.Document{p.session}})
		return err
	case p.sessionPolicy == "":
		var err error
		q.Principal, err = w.Principal(p.principal)
		return err
	}
	src, err := os.ReadFile(p.sessionPolicy)
	if err != nil {
		return err
	}
	doc, diags := policy.Parse(policy.SessionPolicy, "session policy", src, policy.WithFile(p.sessionPolicy))
	if diags.HasErrors() {
		return diags.Errors()
	}
	warn(errw, diags)
	q.Principal, err = w.Session(p.principal, source.Session{HasPolicies: true, Policies: []*policy.Document{doc}})
	return err
}

// setKey finds the key. A request that names its key by alias says so in kms:RequestAlias
// (https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html#conditions-kms-request-alias).
func (p *canParams) setKey(q *simulator.Question, w *source.World, action *policy.Action) error {
	if action != nil && !action.IsKMS() {
		return p.setResource(q, w, action)
	}
	if p.key == "" {
		return nil
	}
	if action != nil && !action.On("key") {
		return fmt.Errorf("%s does not act on a key: ask without KEY", action.Name)
	}
	key, named, err := w.Key(p.key)
	if err != nil {
		return err
	}
	q.Key = key
	if named.Alias == "" || action == nil {
		return nil
	}
	arn, _ := policy.ParseARN(key.ARN)
	q.Alias = policy.AliasARN(arn.Partition, arn.Region, arn.Account, named.Alias).String()
	if action.Populates("kms:RequestAlias") && !p.isOpen("kms:RequestAlias") {
		setDefault(q.Context, "kms:RequestAlias", named.Alias)
	}
	return nil
}

// setEndpoint finds the VPC endpoint.
func (p *canParams) setEndpoint(q *simulator.Question, w *source.World) error {
	if p.sourceVPCE == "" {
		return nil
	}
	doc, ok := w.Endpoints[p.sourceVPCE]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(w.Endpoints)), ", ")
		if known == "" {
			known = "none; --context aws:SourceVpce=" + p.sourceVPCE + " asks without an endpoint policy"
		}
		return fmt.Errorf("there is no VPC endpoint %s in what was loaded; endpoints: %s", p.sourceVPCE, known)
	}
	q.EndpointPolicies = []*policy.Document{doc}
	setDefault(q.Context, "aws:SourceVpce", p.sourceVPCE)
	return nil
}

// The forms of the name of a service in --via-service.
var (
	shortService  = regexp.MustCompile(`\A[a-z0-9-]+\z`)
	serviceInFull = regexp.MustCompile(`\A([a-z0-9-]+)\.([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2})\.amazonaws\.com\z`)
)

// setService makes the condition keys of a call that a service makes with the caller's credentials
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html). The name in
// kms:ViaService ends alike in every partition
// (https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html#conditions-kms-via-service).
func (p *canParams) setService(q *simulator.Question, region string) error {
	if p.viaService == "" {
		return nil
	}
	if q.Key != nil {
		arn, _ := policy.ParseARN(q.Key.ARN)
		region = arn.Region
	}
	via := p.viaService
	if shortService.MatchString(via) {
		via += "." + region + ".amazonaws.com"
	}
	parts := serviceInFull.FindStringSubmatch(via)
	if parts == nil {
		return fmt.Errorf("--via-service %q: expected a service such as s3, or in full s3.%s.amazonaws.com", p.viaService, region)
	}
	service := parts[1] + ".amazonaws.com"
	setDefault(q.Context, "kms:ViaService", via)
	setDefault(q.Context, "aws:ViaAWSService", "true")
	setDefault(q.Context, "aws:CalledVia", service)
	setDefault(q.Context, "aws:CalledViaFirst", service)
	setDefault(q.Context, "aws:CalledViaLast", service)
	return nil
}

// checkGrant refuses a grant that the key does not have.
func (p *canParams) checkGrant(q *simulator.Question) error {
	if p.grant == "" || q.Action == "" || p.key != "" && q.Key == nil {
		return nil // or reported already
	}
	if q.Action != "kms:RetireGrant" {
		return fmt.Errorf("--grant is for kms:RetireGrant: grants that allow %s are found without it", q.Action)
	}
	var ids []string
	if q.Key != nil {
		for _, g := range q.Key.Grants {
			ids = append(ids, g.ID)
		}
	}
	if !slices.Contains(ids, p.grant) {
		return fmt.Errorf("there is no grant %s on the key; grants: %s", p.grant, cmp.Or(strings.Join(ids, ", "), "none"))
	}
	return nil
}

// setNow makes the facts about a request that is made now, over TLS.
func setNow(c evaluator.Context, now time.Time) {
	setDefault(c, "aws:SecureTransport", "true")
	setDefault(c, "aws:CurrentTime", now.UTC().Format(time.RFC3339))
	setDefault(c, "aws:EpochTime", strconv.FormatInt(now.Unix(), 10))
}

// setDefault sets a condition key unless the context has it, in any case.
func setDefault(c evaluator.Context, key string, values ...string) {
	for name := range c {
		if strings.EqualFold(name, key) {
			return
		}
	}
	c[key] = values
}
