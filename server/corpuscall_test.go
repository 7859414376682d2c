package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/corpus"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
)

// liveCall is a case of the corpus as a call over HTTP.
type liveCall struct {
	operation   string
	input       map[string]any
	region      string
	credentials iam.Credentials
	headers     map[string]string
	peer        string
	plain       bool
	endpoint    string // vpce-…, empty for none
	now         time.Time
	// mutates says that the call may change what later calls find.
	mutates bool
}

// skip is why a case is not a real call, in words.
type skip struct{ why string }

func (s *skip) Error() string { return s.why }

func skipf(format string, args ...any) error { return &skip{fmt.Sprintf(format, args...)} }

// corpusNow is the time of calls whose case says none.
var corpusNow = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// planner makes the call of a case.
type planner struct {
	c    *corpus.Case
	call *liveCall
	// pairs is the encryption context, left what no part of the call has taken up yet, by folded name.
	pairs map[string]string
	left  map[string][]string
	// service makes the call for the principal, empty for none.
	service string
	// issued and mfa are when the credentials were issued and a second factor was proved, zero for not said.
	issued, mfa time.Time
	temporary   bool
}

// plan says how a case is called. What no call can be is a [skip].
func plan(c *corpus.Case) (*planner, error) {
	if action, ok := policy.LookupAction(c.Request.Action); !ok || !action.IsKMS() {
		return nil, skipf("no call of KMS")
	}
	p := &planner{
		c: c, pairs: map[string]string{}, left: map[string][]string{},
		call: &liveCall{headers: map[string]string{}, region: corpus.Defaults.Region, now: corpusNow},
	}
	if c.Request.Key != nil {
		p.call.region = arnOf(c.Request.Key.ARN).Region
	}
	for name, values := range c.Request.Context {
		if len(values) > 0 {
			p.left[policy.FoldKey(name)] = values
		}
		const prefix = "kms:encryptioncontext:"
		if folded := policy.FoldKey(name); strings.HasPrefix(folded, prefix) && len(values) == 1 {
			p.pairs[name[len(prefix):]] = values[0]
			delete(p.left, folded)
		}
	}
	for _, step := range []func() error{p.connection, p.forward, p.credentials, p.parameters} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.left)) {
		return nil, skipf("no call has %s as the case gives it", name)
	}
	return p, nil
}

func arnOf(text string) policy.ARN {
	arn, _ := policy.ParseARN(text)
	return arn
}

// take returns the one value of a condition key, which the call then has.
func (p *planner) take(folded string) string {
	values := p.left[folded]
	if len(values) != 1 {
		return ""
	}
	delete(p.left, folded)
	return values[0]
}

// connection is what follows from how the call is made.
func (p *planner) connection() error {
	if text := p.take("aws:sourceip"); text != "" {
		if _, err := netip.ParseAddr(text); err != nil {
			return skipf("no call has aws:sourceip as the case gives it")
		}
		p.call.peer = text
	}
	for folded, layouts := range map[string][]string{
		"aws:currenttime": {time.RFC3339Nano, "2006-01-02"}, "aws:epochtime": nil,
	} {
		text := p.take(folded)
		if text == "" {
			continue
		}
		now, err := parseTime(text, layouts)
		if err != nil || now.Nanosecond() != 0 {
			return skipf("no call has %s as the case gives it", folded)
		}
		p.call.now = now
	}
	p.call.endpoint = p.take("aws:sourcevpce")
	if p.call.endpoint == "" && p.c.Request.EndpointPolicies != nil {
		return skipf("a call through an endpoint has aws:sourcevpce")
	}
	switch p.take("aws:securetransport") {
	case "false":
		p.call.plain = true
	}
	for folded, header := range map[string]string{
		"aws:sourcearn": "X-Amz-Source-Arn", "aws:sourceaccount": "X-Amz-Source-Account", "aws:useragent": "User-Agent",
	} {
		if text := p.take(folded); text != "" {
			if strings.TrimSpace(text) != text || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				return skipf("no header has the value of %s", folded)
			}
			p.call.headers[header] = text
		}
	}
	return nil
}

func parseTime(text string, layouts []string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("no time")
}

var viaService = regexp.MustCompile(`^([a-z0-9-]+)\.([a-z0-9-]+)\.amazonaws\.com$`)

// forward finds the service that makes the call for the caller.
func (p *planner) forward() error {
	via := p.take("kms:viaservice")
	if parts := viaService.FindStringSubmatch(via); parts != nil {
		if parts[2] != p.call.region {
			return skipf("a service calls KMS in its own Region")
		}
		p.service = parts[1] + ".amazonaws.com"
	} else if via != "" {
		return skipf("no service has the name of kms:viaservice")
	}
	for _, folded := range []string{"aws:calledvia", "aws:calledviafirst", "aws:calledvialast"} {
		values := p.left[folded]
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 || !strings.HasSuffix(values[0], ".amazonaws.com") || p.service != "" && values[0] != p.service {
			return skipf("the server knows calls through one service only")
		}
		delete(p.left, folded)
		p.service = values[0]
	}
	if aws := p.take("aws:viaawsservice"); aws == "true" && p.service == "" {
		p.service = "s3.amazonaws.com"
	}
	if p.take("kms:grantisforawsresource") == "true" && p.service == "" && p.c.Request.Principal.Type != evaluator.Service {
		p.service = "ec2.amazonaws.com"
	}
	if p.service != "" && p.c.Request.Principal.Type == evaluator.Service {
		return skipf("a service has no service that calls for it")
	}
	if p.service != "" {
		p.call.headers["X-Strictkms-On-Behalf-Of"] = p.c.Request.Principal.ARN
	}
	return nil
}

// credentials is what follows from how the credentials were made.
func (p *planner) credentials() error {
	if text := p.take("aws:tokenissuetime"); text != "" {
		issued, err := parseTime(text, []string{time.RFC3339Nano, "2006-01-02"})
		if err != nil || issued.Nanosecond() != 0 {
			return skipf("no call has aws:tokenissuetime as the case gives it")
		}
		if p.call.now.Equal(corpusNow) {
			p.call.now = issued.Add(time.Minute)
		}
		if p.call.now.Before(issued) || p.call.now.Sub(issued) > time.Hour {
			return skipf("no session is valid at the time of the case")
		}
		p.issued, p.temporary = issued, true
	}
	if text := p.take("aws:multifactorauthage"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < 0 {
			return skipf("no call has aws:multifactorauthage as the case gives it")
		}
		p.mfa, p.temporary = p.call.now.Add(-time.Duration(seconds)*time.Second), true
	}
	switch p.take("aws:multifactorauthpresent") {
	case "true":
		p.temporary = true
		if p.mfa.IsZero() {
			p.mfa = p.call.now
		}
	case "false":
		p.temporary = true
	}
	if p.temporary && p.service != "" {
		return skipf("a service calls for an ARN, not for credentials")
	}
	return nil
}

// obtain makes the credentials of the caller.
func (p *planner) obtain(t *testing.T, l *liveServer) error {
	t.Helper()
	caller := p.c.Request.Principal
	began := p.call.now
	if !p.issued.IsZero() {
		began = p.issued
	}
	l.clock.Store(&began)
	defer l.clock.Store(&p.call.now)
	var err error
	if p.service != "" {
		if caller.HasSession || caller.Provider != "" || caller.Type == evaluator.FederatedUser {
			return skipf("a service calls for an ARN, not for credentials")
		}
		p.call.credentials, err = l.identities.CredentialsFor(t.Context(), p.service)
		require.NoError(t, err)
		return nil
	}
	options := iam.SessionOptions{Tags: caller.Tags, MFA: p.mfa, Provider: caller.Provider, Limited: caller.HasSession}
	for _, doc := range caller.Session {
		text, err := json.Marshal(doc)
		require.NoError(t, err)
		options.Policies = append(options.Policies, string(text))
	}
	owner := iam.UserOwner(caller.Account, caller.Name)
	switch caller.Type {
	case evaluator.RoleSession:
		p.call.credentials, err = l.identities.AssumeRole(t.Context(), caller.Issuer, caller.Name, options)
	case evaluator.FederatedUser:
		if issuer := arnOf(caller.Issuer); strings.HasPrefix(issuer.Resource, "user/") {
			owner = iam.UserOwner(issuer.Account, issuer.Resource[strings.LastIndexByte(issuer.Resource, '/')+1:])
		} else {
			owner = iam.RootOwner(caller.Account)
		}
		p.call.credentials, err = l.identities.GetFederationToken(t.Context(), owner, caller.Name, options)
	default:
		if !p.temporary {
			p.call.credentials, err = l.identities.CredentialsFor(t.Context(), caller.ARN)
			break
		}
		if caller.Type == evaluator.Root {
			owner = iam.RootOwner(caller.Account)
		}
		p.call.credentials, err = l.identities.GetSessionToken(t.Context(), owner, iam.SessionOptions{MFA: p.mfa})
	}
	if err != nil {
		return skipf("no credentials: %v", err)
	}
	return nil
}

// keyID names the key of the case as its caller does: by alias if the case says so, else by its ARN.
func (p *planner) keyID() string {
	key := p.c.Request.Key
	alias := p.take("kms:requestalias")
	switch {
	case key == nil:
		return ""
	case alias == "":
		return key.ARN
	}
	arn := arnOf(key.ARN)
	return policy.AliasARN(arn.Partition, arn.Region, arn.Account, alias).String()
}

// or returns the value of a condition key that a parameter has, or the parameter's usual value.
func (p *planner) or(folded, usual string) string {
	if value := p.take(folded); value != "" {
		return value
	}
	return usual
}

// parameters makes the input of the operation.
func (p *planner) parameters() error {
	action, _ := policy.LookupAction(p.c.Request.Action)
	p.call.operation = action.Operation()
	in := map[string]any{}
	p.call.input = in
	if key := p.c.Request.Key; key != nil {
		if alias := p.left["kms:requestalias"]; len(alias) == 1 && !slices.Contains(key.Aliases, alias[0]) {
			return skipf("the key does not have the alias that the request names it by")
		}
		in["KeyId"] = p.keyID()
	}
	if p.c.Request.Key != nil && len(p.pairs) > 0 && p.call.operation != "CreateGrant" && !strings.HasPrefix(p.call.operation, "ReEncrypt") {
		in["EncryptionContext"] = p.pairs
	}
	make, ok := inputs[p.call.operation]
	if !ok {
		return skipf("the test cannot make the input of %s", p.call.operation)
	}
	return make(p, in)
}

func plainInput(*planner, map[string]any) error { return nil }

// inputs complete the inputs of operations.
var inputs = map[string]func(*planner, map[string]any) error{
	"ListKeys": plainInput, "ListAliases": plainInput, "DescribeKey": plainInput, "GetPublicKey": plainInput,
	"GetKeyRotationStatus": plainInput, "ListGrants": plainInput, "ListResourceTags": plainInput,
	"ListKeyPolicies": plainInput, "GetKeyPolicy": plainInput, "GetKeyLastUsage": plainInput, "ListKeyRotations": plainInput,
	"EnableKey": mutating(nil), "DisableKey": mutating(nil), "DisableKeyRotation": mutating(nil), "CancelKeyDeletion": mutating(nil),
	"RotateKeyOnDemand": mutating(nil), "DeleteImportedKeyMaterial": mutating(nil), "DescribeCustomKeyStores": plainInput,
	"EnableKeyRotation": func(p *planner, in map[string]any) error {
		p.call.mutates = true
		if period := p.take("kms:rotationperiodindays"); period != "" {
			n, err := strconv.Atoi(period)
			if err != nil || n < 90 || n > 2560 {
				return skipf("a rotation period of %s days is refused before it is decided", period)
			}
			in["RotationPeriodInDays"] = n
		}
		return nil
	},
	"GetParametersForImport": func(p *planner, in map[string]any) error {
		in["WrappingAlgorithm"] = p.or("kms:wrappingalgorithm", "RSAES_OAEP_SHA_256")
		in["WrappingKeySpec"] = p.or("kms:wrappingkeyspec", "RSA_2048")
		return nil
	},
	"ReplicateKey": func(p *planner, in map[string]any) error {
		p.call.mutates = true
		in["ReplicaRegion"] = p.or("kms:replicaregion", "ap-southeast-2")
		return nil
	},
	"UpdatePrimaryRegion": func(p *planner, in map[string]any) error {
		p.call.mutates = true
		in["PrimaryRegion"] = p.or("kms:primaryregion", "ap-southeast-2")
		return nil
	},
	"UpdateKeyDescription":            mutating(map[string]any{"Description": "d"}),
	"TagResource":                     mutating(map[string]any{"Tags": []map[string]string{{"TagKey": "k", "TagValue": "v"}}}),
	"UntagResource":                   mutating(map[string]any{"TagKeys": []string{"k"}}),
	"GenerateRandom":                  with(map[string]any{"NumberOfBytes": 8}),
	"GenerateDataKey":                 with(map[string]any{"KeySpec": "AES_256"}),
	"GenerateDataKeyWithoutPlaintext": with(map[string]any{"KeySpec": "AES_256"}),
	"Encrypt":                         with(map[string]any{"Plaintext": []byte("x")}),
	"ListRetirableGrants": func(p *planner, in map[string]any) error {
		in["RetiringPrincipal"] = p.c.Request.Principal.ARN
		return nil
	},
	"Decrypt":                             with(nil), // the ciphertext follows
	"GenerateDataKeyPair":                 keyPairInput,
	"GenerateDataKeyPairWithoutPlaintext": keyPairInput,
	"Encapsulate":                         plainInput,
	"Verify": func(p *planner, in map[string]any) error {
		in["Message"], in["Signature"] = make([]byte, 32), make([]byte, 256)
		in["SigningAlgorithm"] = p.or("kms:signingalgorithm", "RSASSA_PSS_SHA_256")
		in["MessageType"] = p.or("kms:messagetype", "RAW")
		return nil
	},
	"Sign": func(p *planner, in map[string]any) error {
		in["Message"] = make([]byte, 32)
		in["SigningAlgorithm"] = p.or("kms:signingalgorithm", "RSASSA_PSS_SHA_256")
		in["MessageType"] = p.or("kms:messagetype", "RAW")
		return nil
	},
	"GenerateMac": func(p *planner, in map[string]any) error {
		in["Message"], in["MacAlgorithm"] = []byte("x"), p.or("kms:macalgorithm", "HMAC_SHA_256")
		return nil
	},
	"VerifyMac": func(p *planner, in map[string]any) error {
		in["Message"], in["Mac"], in["MacAlgorithm"] = []byte("x"), make([]byte, 32), p.or("kms:macalgorithm", "HMAC_SHA_256")
		return nil
	},
	"ScheduleKeyDeletion": func(p *planner, in map[string]any) error {
		p.call.mutates = true
		if days := p.take("kms:schedulekeydeletionpendingwindowindays"); days != "" {
			n, err := strconv.Atoi(days)
			if err != nil || n < 7 || n > 30 {
				return skipf("a pending window of %s days is refused before it is decided", days)
			}
			in["PendingWindowInDays"] = n
		}
		return nil
	},
	"PutKeyPolicy": func(p *planner, in map[string]any) error {
		p.call.mutates = true
		if bypass := p.take("kms:bypasspolicylockoutsafetycheck"); bypass != "" {
			in["BypassPolicyLockoutSafetyCheck"] = bypass == "true"
		}
		text, err := json.Marshal(p.c.Request.Key.Policy)
		in["Policy"] = string(text)
		return err
	},
	"CreateKey":   createKeyInput,
	"CreateGrant": createGrantInput,
	"RevokeGrant": func(p *planner, in map[string]any) error {
		p.call.mutates = true
		return grantInput(p, in)
	},
	"RetireGrant": func(p *planner, in map[string]any) error {
		p.call.mutates = true
		delete(in, "EncryptionContext")
		if len(p.pairs) > 0 {
			return skipf("no call has the encryption context of a grant as the case gives it")
		}
		return grantInput(p, in)
	},
	"ReEncryptFrom": reEncryptInput,
	"ReEncryptTo":   reEncryptInput,
	"CreateAlias":   aliasInput,
	"UpdateAlias":   aliasInput,
	"DeleteAlias":   aliasInput,
}

func keyPairInput(p *planner, in map[string]any) error {
	in["KeyPairSpec"] = p.or("kms:datakeypairspec", "ECC_NIST_P256")
	return nil
}

func with(more map[string]any) func(*planner, map[string]any) error {
	return func(p *planner, in map[string]any) error {
		maps.Copy(in, more)
		if algorithm := p.take("kms:encryptionalgorithm"); algorithm != "" && strings.HasSuffix(p.call.operation, "crypt") {
			in["EncryptionAlgorithm"] = algorithm
		}
		return nil
	}
}

func mutating(more map[string]any) func(*planner, map[string]any) error {
	return func(p *planner, in map[string]any) error {
		p.call.mutates = true
		maps.Copy(in, more)
		return nil
	}
}

func grantInput(p *planner, in map[string]any) error {
	id := p.c.Request.Grant
	if id == "" && len(p.c.Request.Key.Grants) == 1 {
		id = p.c.Request.Key.Grants[0].ID
	}
	if id == "" && p.call.operation == "RevokeGrant" {
		id = strings.Repeat("0", 64)
	}
	if id == "" {
		return skipf("the case is about any grant of the key, a call about one")
	}
	in["GrantId"] = id
	return nil
}

func createKeyInput(p *planner, in map[string]any) error {
	p.call.mutates = true
	for folded, member := range map[string]string{"kms:keyspec": "KeySpec", "kms:keyusage": "KeyUsage", "kms:keyorigin": "Origin"} {
		if value := p.take(folded); value != "" {
			in[member] = value
		}
	}
	for folded, member := range map[string]string{"kms:multiregion": "MultiRegion", "kms:bypasspolicylockoutsafetycheck": "BypassPolicyLockoutSafetyCheck"} {
		if value := p.take(folded); value != "" {
			in[member] = value == "true"
		}
	}
	return nil
}

func createGrantInput(p *planner, in map[string]any) error {
	p.call.mutates = true
	in["Operations"] = []string{"Decrypt"}
	if operations := p.left["kms:grantoperations"]; len(operations) > 0 {
		in["Operations"] = operations
		delete(p.left, "kms:grantoperations")
	}
	in["GranteePrincipal"] = p.or("kms:granteeprincipal", p.c.Request.Principal.ARN)
	if retiring := p.take("kms:retiringprincipal"); retiring != "" {
		in["RetiringPrincipal"] = retiring
	}
	kind := p.take("kms:grantconstrainttype")
	switch {
	case kind != "" && len(p.pairs) == 0:
		in["Constraints"] = map[string]any{kind: map[string]string{"some": "pair"}}
	case kind != "":
		in["Constraints"] = map[string]any{kind: p.pairs}
	case len(p.pairs) > 0:
		in["Constraints"] = map[string]any{"EncryptionContextSubset": p.pairs}
	}
	return nil
}

// reEncryptInput is from or to the case's key; the other side is the same key, unless the case says otherwise.
func reEncryptInput(p *planner, in map[string]any) error {
	if p.take("kms:reencryptonsamekey") == "false" {
		return skipf("the world has no other key of the case")
	}
	id := in["KeyId"]
	clear(in)
	in["SourceKeyId"], in["DestinationKeyId"] = p.c.Request.Key.ARN, p.c.Request.Key.ARN
	side := map[string]string{"ReEncryptFrom": "Source", "ReEncryptTo": "Destination"}[p.call.operation]
	in[side+"KeyId"] = id
	if len(p.pairs) > 0 {
		in[side+"EncryptionContext"] = p.pairs
	}
	p.call.operation = "ReEncrypt"
	return nil
}

// aliasInput is about an alias and a key of the world: whichever the case is about, and another that goes with it.
func aliasInput(p *planner, in map[string]any) error {
	p.call.mutates = true
	keyARN, aliasARN := "", p.c.Request.Alias
	if p.c.Request.Key != nil {
		keyARN = p.c.Request.Key.ARN
	}
	place := arnOf(keyARN + aliasARN)
	for _, k := range p.c.World.Keys {
		at := arnOf(k.ARN)
		if keyARN == "" && at.Account == place.Account && at.Region == place.Region {
			keyARN = k.ARN
		}
	}
	if keyARN == "" {
		return skipf("the world has no key beside the alias")
	}
	name := arnOf(aliasARN).Resource
	if aliasARN == "" {
		name = "alias/of-the-test"
		if p.call.operation != "CreateAlias" && len(p.c.Request.Key.Aliases) > 0 {
			name = p.c.Request.Key.Aliases[0]
		}
	}
	clear(in)
	in["AliasName"] = name
	if p.call.operation != "DeleteAlias" {
		in["TargetKeyId"] = keyARN
	}
	p.call.region = place.Region
	return nil
}

// aliased makes the alias that UpdateAlias and DeleteAlias need.
func (p *planner) aliased(t *testing.T, l *liveServer) {
	t.Helper()
	if p.call.operation != "UpdateAlias" && p.call.operation != "DeleteAlias" {
		return
	}
	for _, k := range p.c.World.Keys {
		at := arnOf(k.ARN)
		if at.Region != p.call.region || at.Account != p.c.Request.Principal.Account {
			continue
		}
		input, err := json.Marshal(map[string]any{"AliasName": p.call.input["AliasName"], "TargetKeyId": k.ARN})
		require.NoError(t, err)
		_, err = l.keys.Do(t.Context(), &kms.Call{
			Account: at.Account, Partition: at.Partition, Region: at.Region, Principal: "test", Authorizer: permissive{},
		}, "CreateAlias", input)
		if err == nil {
			return
		}
	}
}

// encrypted makes the ciphertext that Decrypt and ReEncrypt need, for the key and the context of the case.
func (p *planner) encrypted(t *testing.T, l *liveServer) error {
	t.Helper()
	key, pairs := p.c.Request.Key, p.pairs
	switch p.call.operation {
	case "Decrypt":
	case "ReEncrypt":
		pairs, _ = p.call.input["SourceEncryptionContext"].(map[string]string)
	default:
		return nil
	}
	arn := arnOf(key.ARN)
	plaintext := map[string]any{"KeyId": key.ARN, "Plaintext": []byte("x"), "EncryptionContext": pairs}
	if strings.HasPrefix(key.Spec, "RSA_") {
		plaintext["EncryptionAlgorithm"] = "RSAES_OAEP_SHA_256"
		p.call.input["EncryptionAlgorithm"] = "RSAES_OAEP_SHA_256"
		delete(plaintext, "EncryptionContext")
	}
	input, err := json.Marshal(plaintext)
	require.NoError(t, err)
	result, err := l.keys.Do(t.Context(), &kms.Call{
		Account: arn.Account, Partition: arn.Partition, Region: arn.Region, Principal: "test", Authorizer: permissive{},
	}, "Encrypt", input)
	if err != nil {
		return skipf("no ciphertext: %v", err)
	}
	answer, err := json.Marshal(result.Output)
	require.NoError(t, err)
	var out struct{ CiphertextBlob []byte }
	require.NoError(t, json.Unmarshal(answer, &out))
	p.call.input["CiphertextBlob"] = out.CiphertextBlob
	return nil
}
