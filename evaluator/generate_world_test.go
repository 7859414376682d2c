package evaluator_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

const (
	accountA = "111111111111" // owns most keys
	accountB = "222222222222"
	keyOne   = "arn:aws:kms:us-east-1:" + accountA + ":key/k1"
	keyTwo   = "arn:aws:kms:eu-west-2:" + accountB + ":key/mrk-2.x"
	aliasOne = "arn:aws:kms:us-east-1:" + accountA + ":alias/one"
)

var (
	services = []string{"s3.amazonaws.com", "logs.us-east-1.amazonaws.com"}

	providers = []string{"cognito-identity.amazonaws.com", "arn:aws:iam::" + accountA + ":saml-provider/ExampleCorp"}

	// policyPrincipals are what policies write under AWS.
	policyPrincipals = []string{
		accountA, "arn:aws:iam::" + accountA + ":root", accountB, "arn:aws:iam::" + accountA + ":root",
		"arn:aws:iam::" + accountA + ":user/alice", "arn:aws:iam::" + accountA + ":user/eng/a.c+d", "arn:aws:iam::" + accountB + ":user/alice",
		"arn:aws:iam::" + accountA + ":role/App", "arn:aws:iam::" + accountA + ":role/App", "arn:aws:iam::" + accountB + ":role/App", "arn:aws:iam::" + accountA + ":role/path/De.p",
		"arn:aws:sts::" + accountA + ":assumed-role/App/s1", "arn:aws:sts::" + accountA + ":federated-user/fed", "AIDAALICE", "AROAAPP",
	}

	requestActions = []string{
		"kms:Decrypt", "kms:Decrypt", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:RetireGrant",
		"kms:Sign", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:ImportKeyMaterial", "kms:TagResource", "kms:ReEncryptTo",
		"kms:CreateAlias", "kms:DeleteAlias", "kms:ListKeys", "kms:CreateKey", "kms:GetKeyRotationStatus",
	}
)

// world draws accounts with their organization's policies.
func (g *gen) world() mapWorld {
	w := mapWorld{}
	for i, id := range []string{accountA, accountB} {
		if g.chance(15) {
			continue // nothing is known about it
		}
		a := &evaluator.Account{ID: id, Management: g.chance(15)}
		if g.chance(70) {
			a.OrganizationID, a.OrganizationPath = "o-1", fmt.Sprintf("o-1/r-1/ou-%d/", i+1)
		}
		if g.chance(35) {
			a.SCPs = g.levels(policy.ServiceControlPolicy, id, g.upTo(3))
		}
		if g.chance(30) {
			a.RCPs = g.levels(policy.ResourceControlPolicy, id, g.upTo(2))
		}
		w[id] = a
	}
	return w
}

func (g *gen) levels(kind policy.Kind, account string, n int) [][]*policy.Document {
	out := [][]*policy.Document{}
	for level := range n {
		docs := some(g, 0, 1, func() *policy.Document {
			return g.document(kind, fmt.Sprintf("%s %s %d", kind, account, level), func() []map[string]any {
				if kind == policy.ResourceControlPolicy {
					return g.statements(2, 100)
				}
				return g.statements(2, 30)
			})
		})
		if kind == policy.ServiceControlPolicy && g.chance(80) {
			docs = append(docs, g.document(kind, "FullAWSAccess "+account, func() []map[string]any {
				return []map[string]any{{"Effect": "Allow", "Action": "*", "Resource": "*"}}
			}))
		}
		out = append(out, docs)
	}
	return out
}

// readings draws how assumptions are read: most as by default.
func (g *gen) readings() evaluator.Readings {
	var r evaluator.Readings
	if g.chance(50) {
		return r
	}
	for range 1 + g.upTo(3) {
		name := pick(g, rego.Assumptions())
		var err error
		if r, err = r.With(name, pick(g, name.Readings())); err != nil {
			g.t.Fatal(err)
		}
	}
	return r
}

// caller draws a principal with its policies.
func (g *gen) caller(n int) *evaluator.Principal {
	p := &evaluator.Principal{Account: accountA}
	if g.chance(20) {
		p.Account = accountB
	}
	switch g.upTo(11) {
	case 0, 1, 2:
		p.Type, p.Name = evaluator.User, pick(g, []string{"alice", "eng/a.c+d", "bob"})
		p.ARN = "arn:aws:iam::" + p.Account + ":user/" + p.Name
		p.Name = p.Name[strings.LastIndexByte(p.Name, '/')+1:]
		p.UniqueID = pick(g, []string{"AIDAALICE", ""})
	case 3:
		p.Type, p.ARN = evaluator.Root, "arn:aws:iam::"+p.Account+":root"
		return p
	case 4:
		p.Type, p.ARN, p.Account = evaluator.Service, pick(g, services), ""
		return p
	case 5, 6:
		p.Type, p.Name, p.Issuer = evaluator.FederatedUser, "fed", "arn:aws:iam::"+p.Account+":user/alice"
		p.ARN = "arn:aws:sts::" + p.Account + ":federated-user/fed"
		p.HasSession = true
	default:
		g.roleSession(p)
	}
	if g.chance(70) {
		p.Tags = map[string]string{"team": pick(g, odd), "Cost.Center": pick(g, odd)}
	}
	name := fmt.Sprintf("caller %d", n)
	p.Identity = some(g, 0, 2, func() *policy.Document { return g.callerPolicy(policy.IdentityPolicy, name) })
	if len(p.Identity) == 0 && g.chance(50) {
		p.Identity = []*policy.Document{g.callerPolicy(policy.IdentityPolicy, name+" again")}
	}
	if g.chance(25) {
		p.Boundary = g.callerPolicy(policy.PermissionsBoundary, name+" boundary")
	}
	if p.HasSession {
		p.Session = some(g, 0, 2, func() *policy.Document { return g.callerPolicy(policy.SessionPolicy, name+" session") })
	}
	for i, docs := 0, append(append([]*policy.Document{}, p.Identity...), p.Session...); i < len(docs); i++ {
		docs[i].Name += fmt.Sprintf(" %d", i)
	}
	return p
}

func (g *gen) roleSession(p *evaluator.Principal) {
	role := pick(g, []string{"App", "path/De.p", "App"})
	p.Type, p.Name, p.Issuer = evaluator.RoleSession, pick(g, []string{"s1", "s.2"}), "arn:aws:iam::"+p.Account+":role/"+role
	p.ARN = "arn:aws:sts::" + p.Account + ":assumed-role/" + role[strings.LastIndexByte(role, '/')+1:] + "/" + p.Name
	p.UniqueID = pick(g, []string{"AROAAPP", ""})
	if g.chance(20) {
		p.Provider = pick(g, providers)
	}
	if p.ServiceLinked = g.chance(8); p.ServiceLinked && g.chance(70) {
		p.Issuer = "arn:aws:iam::" + p.Account + ":role/aws-service-role/" + pick(g, []string{"rds", "s3", "replicator.s3"}) +
			".amazonaws.com/App"
	}
	p.HasSession = g.chance(30)
}

func (g *gen) callerPolicy(kind policy.Kind, name string) *policy.Document {
	return g.document(kind, name, func() []map[string]any {
		out := g.statements(3, 8)
		if kind != policy.IdentityPolicy && g.chance(40) {
			out = append(out, map[string]any{"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
		}
		return out
	})
}

// key draws a key with its policy and grants.
func (g *gen) key(arn string) *evaluator.Key {
	k := &evaluator.Key{ARN: arn, AWSManaged: g.chance(8)}
	if g.chance(97) {
		k.Policy = g.document(policy.KeyPolicy, "key policy of "+arn, func() []map[string]any {
			out := g.statements(4, 12)
			if g.chance(25) {
				out = append(out, map[string]any{
					"Effect": "Allow", "Action": "kms:*", "Resource": "*",
					"Principal": map[string]any{"AWS": pick(g, []string{accountA, "arn:aws:iam::" + accountB + ":root"})},
				})
			}
			return out
		})
	}
	k.Aliases = some(g, 0, 2, func() string { return pick(g, []string{"alias/one", "alias/two"}) })
	k.Tags = map[string]string{"env": pick(g, odd)}
	k.Spec, k.Usage = pick(g, []string{"SYMMETRIC_DEFAULT", "RSA_2048", ""}), "ENCRYPT_DECRYPT"
	k.MultiRegion = pick(g, []string{"true", "false", ""})
	for i := range g.upTo(4) {
		k.Grants = append(k.Grants, g.grant(arn, i))
	}
	return k
}

func (g *gen) grant(key string, n int) *evaluator.Grant {
	grantees := append([]string{services[0]}, policyPrincipals...)
	grant := &evaluator.Grant{
		ID: fmt.Sprintf("g%d", n), KeyARN: key, GranteePrincipal: pick(g, grantees),
		IssuingAccount: pick(g, []string{accountA, accountB, "arn:aws:iam::" + accountB + ":root", ""}),
		Operations: some(g, 1, 4, func() string {
			return pick(g, []string{"Decrypt", "Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey", "CreateGrant", "RetireGrant", "Sign"})
		}),
	}
	if g.chance(15) {
		grant.GranteePrincipal, grant.GranteeServicePrincipal = "", pick(g, services)
	}
	switch g.upTo(4) {
	case 0:
		grant.RetiringPrincipal = pick(g, grantees)
	case 1:
		grant.RetiringServicePrincipal = pick(g, services)
	}
	switch g.upTo(8) {
	case 0:
		grant.EncryptionContextEquals = g.pairs()
	case 1:
		grant.EncryptionContextSubset = g.pairs()
	case 2:
		grant.SourceArn = pick(g, arns)
	}
	return grant
}

func (g *gen) pairs() map[string]string {
	out := map[string]string{}
	for range g.upTo(2) {
		out[pick(g, []string{"tenant", "a.c", "Tenant"})] = pick(g, odd)
	}
	return out
}

// request draws a request of a caller.
func (g *gen) request(p *evaluator.Principal, keys []*evaluator.Key, endpoints [][]*policy.Document) evaluator.Request {
	req := evaluator.Request{Principal: p, Action: pick(g, requestActions), Context: g.context()}
	action, _ := policy.LookupAction(req.Action)
	switch {
	case action.On("alias") && g.chance(60):
		req.Alias = aliasOne
	case action.On("key"):
		req.Key = pick(g, keys)
		if g.chance(50) {
			req.Key = keys[0]
		}
	}
	if g.chance(10) {
		req.Action = strings.ToUpper(req.Action)
	}
	if g.chance(20) {
		req.EndpointPolicies = pick(g, endpoints)
	}
	if action.Name == "kms:RetireGrant" && g.chance(50) {
		req.Grant = fmt.Sprintf("g%d", g.upTo(4))
	}
	return req
}

// endpoints draws lists of endpoint policies; an empty one allows nothing.
func (g *gen) endpoints() [][]*policy.Document {
	return [][]*policy.Document{
		{},
		{g.document(policy.VPCEndpointPolicy, "endpoint", func() []map[string]any { return g.statements(3, 15) })},
		{g.document(policy.VPCEndpointPolicy, "open endpoint", func() []map[string]any {
			return []map[string]any{{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
		})},
	}
}

// scene is a world with callers, keys and requests.
type scene struct {
	world    mapWorld
	requests []evaluator.Request
}

// newScene draws a scene.
func newScene(t *rapid.T, requests int) scene { return (&gen{t: t}).scene(requests) }

func (g *gen) scene(requests int) scene {
	s := scene{world: g.world()}
	keys := []*evaluator.Key{g.key(keyOne), g.key(keyTwo)}
	endpoints := g.endpoints()
	for i := range 3 {
		p := g.caller(i)
		for range requests / 3 {
			s.requests = append(s.requests, g.request(p, keys, endpoints))
		}
	}
	return s
}
