package replay

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// call is an event as the requests that it was decided by.
type call struct {
	principal *evaluator.Principal
	requests  []evaluator.Request
	// untold are the condition keys that the event does not tell.
	untold evaluator.Unknown
	// allowed is what was decided then.
	allowed bool
}

// untoldError says why an event cannot be decided.
type untoldError struct{ why string }

// Error implements error.
func (e *untoldError) Error() string { return e.why }

func untold(format string, args ...any) error { return &untoldError{fmt.Sprintf(format, args...)} }

// kmsSource is the eventSource of AWS KMS.
const kmsSource = "kms.amazonaws.com"

// call makes requests of an event in a world. The error says why it cannot be decided.
func (e *Event) call(w *source.World) (*call, error) {
	switch {
	case e.EventSource != kmsSource:
		return nil, untold("it is an event of %s, not of AWS KMS", e.EventSource)
	case e.EventType == "AwsServiceEvent":
		return nil, untold("it is an event of AWS KMS itself (%s), which nobody asked for", e.EventName)
	}
	c := &call{}
	var err error
	if c.allowed, err = e.wasAllowed(); err != nil {
		return nil, err
	}
	principal, err := e.principal(w)
	if err != nil {
		return nil, err
	}
	c.principal = principal
	context, open := e.context(principal)
	c.untold = evaluator.Unknown{Keys: open}
	if c.requests, err = e.requests(w, principal, context); err != nil {
		return nil, err
	}
	if endpoint, ok := w.Endpoints[e.VPCEndpointID]; ok && e.VPCEndpointID != "" {
		for i := range c.requests {
			c.requests[i].EndpointPolicies = []*policy.Document{endpoint}
		}
	}
	return c, nil
}

// wasAllowed is what was decided. A strictkms server says so; AWS says what went wrong, and some of that comes before
// the decision.
func (e *Event) wasAllowed() (bool, error) {
	if e.StrictKMS != nil {
		switch e.StrictKMS.Decision {
		case string(evaluator.Allow):
			return true, nil
		case string(evaluator.Deny):
			return false, nil
		}
	}
	switch e.ErrorCode {
	case "", "DryRunOperationException", "IncorrectKeyException", "InvalidCiphertextException", "KMSInvalidSignatureException",
		"KMSInvalidMacException", "DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException", "KeyUnavailableException":
		return true, nil
	case "AccessDenied", "AccessDeniedException":
		return false, nil
	default:
		return false, untold("it failed with %s: whether it was allowed is not told", e.ErrorCode)
	}
}

// principal is who called.
func (e *Event) principal(w *source.World) (*evaluator.Principal, error) {
	id := e.UserIdentity
	name := id.ARN
	switch id.Type {
	case "AWSService":
		name = id.InvokedBy
	case "AWSAccount":
		return nil, untold("it is the copy for the account of the key, which does not tell who called: the caller's account has the other")
	}
	if name == "" {
		return nil, untold("it does not tell who called (userIdentity of type %s)", id.Type)
	}
	if arn, ok := policy.ParseARN(name); ok && strings.HasPrefix(arn.Resource, "assumed-role/") {
		if err := e.checkRole(w); err != nil {
			return nil, err
		}
	}
	c, err := w.CandidateNamed(name)
	if err != nil {
		return nil, untold("its caller %s is not understood", name)
	}
	return c.Principal, nil
}

// checkRole refuses a role of the same name and another path, which is another role.
func (e *Event) checkRole(w *source.World) error {
	issuer := e.UserIdentity.SessionContext.SessionIssuer.ARN
	if issuer == "" {
		return nil
	}
	c, err := w.CandidateNamed(e.UserIdentity.ARN)
	if err == nil && c.Note == "" && c.Principal.Issuer != issuer {
		return untold("its role %s is not loaded, but %s of the same name", issuer, c.Principal.Issuer)
	}
	return nil
}

// context are the condition keys that an event tells, and those that it does not tell.
func (e *Event) context(p *evaluator.Principal) (evaluator.Context, []string) {
	id := e.UserIdentity
	c := evaluator.Context{
		"aws:CurrentTime": {e.EventTime.UTC().Format(time.RFC3339)}, "aws:EpochTime": {strconv.FormatInt(e.EventTime.Unix(), 10)},
		"aws:SecureTransport": {"true"}, // AWS KMS has no other endpoints
	}
	set := func(key, value string) {
		if value != "" {
			c[key] = []string{value}
		}
	}
	set("aws:RequestedRegion", e.AWSRegion)
	set("aws:UserAgent", e.UserAgent)
	set("aws:SourceIdentity", id.SessionContext.SourceIdentity)
	set("aws:FederatedProvider", id.SessionContext.WebIDFederationData.FederatedProvider)
	if strings.HasPrefix(id.PrincipalID, "AIDA") || strings.HasPrefix(id.PrincipalID, "AROA") {
		set("aws:userid", id.PrincipalID)
	}
	open := e.addNetwork(set)
	open = append(open, e.addService(set)...)
	if a := id.SessionContext.Attributes; a != nil {
		set("aws:MultiFactorAuthPresent", a.MFAAuthenticated)
		set("aws:TokenIssueTime", a.CreationDate.UTC().Format(time.RFC3339))
		if a.MFAAuthenticated == "true" {
			open = append(open, "aws:MultiFactorAuthAge")
		}
	}
	if p.Type == evaluator.RoleSession && len(p.Tags) == 0 {
		open = append(open, "aws:PrincipalTag/*") // a session may have tags of its own
	}
	if len(e.Additional.Recipient) > 0 || len(e.RequestParameters["recipient"]) > 0 {
		open = append(open, "kms:RecipientAttestation:*")
	}
	if e.EventName == "ScheduleKeyDeletion" || e.EventName == "DisableKey" {
		open = append(open, "kms:TrailingDaysWithoutKeyUsage")
	}
	return c, open
}

// addNetwork adds where the call came from, and returns what is not told of it.
func (e *Event) addNetwork(set func(key, value string)) []string {
	if e.VPCEndpointID == "" {
		if at, err := netip.ParseAddr(e.SourceIPAddress); err == nil {
			set("aws:SourceIp", at.Unmap().String())
		}
		return nil
	}
	set("aws:SourceVpce", e.VPCEndpointID)
	set("aws:VpcSourceIp", e.SourceIPAddress)
	return []string{"aws:SourceVpc", "aws:SourceVpcArn", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths"}
}

// keyManagement is what AWS KMS calls itself.
const keyManagement = "kms.amazonaws.com"

// addService adds which service made the call, for its caller or for itself, and returns what is not told of it.
func (e *Event) addService(set func(key, value string)) []string {
	id := e.UserIdentity
	forWhom := []string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"}
	name, host, isService := strings.Cut(id.InvokedBy, ".")
	serviceLinked := strings.Contains(id.SessionContext.SessionIssuer.ARN, ":role/aws-service-role/")
	if id.InvokedBy == keyManagement { // in another Region, for ReplicateKey and UpdatePrimaryRegion: AWS does not say how
		return append(forWhom, "kms:ViaService", "kms:GrantIsForAWSResource", "aws:ViaAWSService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast")
	}
	set("kms:GrantIsForAWSResource", strconv.FormatBool(id.InvokedBy != "" || serviceLinked))
	switch {
	case id.InvokedBy == "":
		return nil
	case id.Type == "AWSService":
		return forWhom
	case !isService || name == "internal" || !strings.HasSuffix(host, "amazonaws.com"): // AWS does not say which
		set("aws:ViaAWSService", "true")
		return append(forWhom, "kms:ViaService", "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast")
	}
	service := name + ".amazonaws.com"
	set("kms:ViaService", name+"."+e.AWSRegion+".amazonaws.com")
	set("aws:ViaAWSService", "true")
	set("aws:CalledViaLast", service)
	return append(forWhom, "aws:CalledVia", "aws:CalledViaFirst") // there may have been others before it
}

// requests are the decisions that the call asked for.
func (e *Event) requests(w *source.World, p *evaluator.Principal, context evaluator.Context) ([]evaluator.Request, error) {
	if e.EventName == "ReEncrypt" {
		return e.reEncrypt(w, p, context)
	}
	action, ok := policy.LookupAction("kms:" + e.EventName)
	if !ok {
		return nil, untold("%s is no action of AWS KMS that is known", e.EventName)
	}
	req := e.request(p, action, context, notReEncrypt)
	if !action.On("key") {
		return []evaluator.Request{req}, nil
	}
	keys := e.keys()
	if len(keys) == 0 {
		return nil, untold("it does not tell the key")
	}
	var out []evaluator.Request
	if action.On("alias") {
		name := e.RequestParameters.text("aliasName")
		if name == "" {
			return nil, untold("it does not tell the alias")
		}
		arn, _ := policy.ParseARN(keys[0])
		side := req
		side.Alias = policy.AliasARN(policy.PartitionOf(e.AWSRegion), e.AWSRegion, arn.Account, name).String()
		out = append(out, side)
	}
	for _, name := range keys {
		key, err := e.key(w, name)
		if err != nil {
			return nil, err
		}
		onKey := req
		onKey.Key = key
		if action.Name == "kms:RetireGrant" {
			if onKey.Grant = e.Additional.GrantID; onKey.Grant != "" && !hasGrant(key, onKey.Grant) {
				return nil, untold("the grant that it retires is not loaded")
			}
		}
		out = append(out, onKey)
	}
	return out, nil
}

func hasGrant(key *evaluator.Key, id string) bool {
	return slices.ContainsFunc(key.Grants, func(g *evaluator.Grant) bool { return g.ID == id })
}

// request is one decision without its resource.
func (e *Event) request(p *evaluator.Principal, action *policy.Action, context evaluator.Context, side reEncryptSide) evaluator.Request {
	own := evaluator.Context{}
	maps.Copy(own, context)
	e.addParameters(own, action, side)
	return evaluator.Request{Principal: p, Action: action.Name, Context: own}
}

// reEncrypt are the two decisions of ReEncrypt
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html, Required permissions).
func (e *Event) reEncrypt(w *source.World, p *evaluator.Principal, context evaluator.Context) ([]evaluator.Request, error) {
	keys := e.keys()
	if len(keys) == 0 || len(keys) > 2 {
		return nil, untold("it does not tell both keys")
	}
	sides := []string{keys[0], keys[len(keys)-1]}
	var out []evaluator.Request
	for i, half := range []struct {
		action string
		side   reEncryptSide
	}{{"kms:ReEncryptFrom", reEncryptOf}, {"kms:ReEncryptTo", reEncryptTo}} {
		action, _ := policy.LookupAction(half.action)
		req := e.request(p, action, context, half.side)
		req.Context["kms:ReEncryptOnSameKey"] = []string{strconv.FormatBool(sides[0] == sides[1])}
		key, err := e.key(w, sides[i])
		if err != nil {
			return nil, err
		}
		req.Key = key
		out = append(out, req)
	}
	return out, nil
}

// keys are the ARNs of the keys of the call: those of the record, or else the one that the request names or that the
// denial is about.
func (e *Event) keys() []string {
	var out []string
	for _, r := range e.Resources {
		if arn, ok := policy.ParseARN(r.ARN); ok {
			if _, isKey := arn.KeyID(); isKey && !slices.Contains(out, r.ARN) {
				out = append(out, r.ARN)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, name := range []string{"keyId", "targetKeyId"} {
		if id := e.RequestParameters.text(name); id != "" {
			return []string{e.inFull(id)}
		}
	}
	_, after, _ := strings.Cut(e.ErrorMessage, "on resource: ")
	named, _, _ := strings.Cut(strings.TrimLeft(after, `"`), " ")
	if arn, ok := policy.ParseARN(strings.Trim(named, `"`)); ok {
		if _, isKey := arn.KeyID(); isKey {
			return []string{arn.String()}
		}
	}
	return nil
}

// inFull is the ARN of a key or alias that a request names.
func (e *Event) inFull(id string) string {
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	account := e.UserIdentity.AccountID
	if account == "" {
		account = e.RecipientAccount
	}
	if strings.HasPrefix(id, "alias/") {
		return policy.AliasARN(policy.PartitionOf(e.AWSRegion), e.AWSRegion, account, id).String()
	}
	return policy.KeyARN(policy.PartitionOf(e.AWSRegion), e.AWSRegion, account, id).String()
}

// key finds a key in the world.
func (e *Event) key(w *source.World, name string) (*evaluator.Key, error) {
	key, _, err := w.Key(name)
	if err != nil {
		return nil, untold("its key %s is not loaded", name)
	}
	return key, nil
}
