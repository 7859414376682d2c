package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/corpus"
	"github.com/strictkms/strictkms/policy"
)

// TestDecideCorpus puts the decision corpus through decide: each case as a line that carries its
// policies. The answers must be those of the corpus.
func TestDecideCorpus(t *testing.T) {
	cases, err := corpus.Load("../../testdata/decisions")
	require.NoError(t, err)
	lines := &bytes.Buffer{}
	asked := map[string]corpus.Case{}
	for _, c := range cases {
		if !expressible(c.Request) {
			continue
		}
		asked[c.Note] = c
		require.NoError(t, json.NewEncoder(lines).Encode(lineOf(c)))
	}
	require.GreaterOrEqual(t, len(asked)*10, len(cases)*9, "most cases can be written as a line")

	out, errw, code := run(lines, "decide")
	require.Empty(t, errw)
	require.Zero(t, code)
	answers := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	require.Len(t, answers, len(asked))
	t.Logf("%d cases, %d differences", len(asked), checkAnswers(t, asked, answers))
}

// checkAnswers holds lines of answer to their cases, and counts those that differ.
func checkAnswers(t *testing.T, asked map[string]corpus.Case, answers []string) (differences int) {
	t.Helper()
	for _, answer := range answers {
		var got answerLine
		require.NoError(t, json.Unmarshal([]byte(answer), &got))
		same := t.Run(got.ID, func(t *testing.T) {
			c := asked[got.ID]
			require.Empty(t, got.Error)
			require.Equal(t, c.Expect.Decision, got.Decision)
			require.Equal(t, c.Expect.Reason, got.Reason)
			require.ElementsMatch(t, labels(c.Expect.Statements), got.deciding())
			for _, label := range c.Expect.Assumptions {
				require.Contains(t, got.Assumptions, label)
			}
		})
		if !same {
			differences++
		}
	}
	return differences
}

// labels are the last parts of the names of statements: a Sid, an index, or a grant.
func labels(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name[strings.LastIndex(name, "/")+1:]
	}
	return out
}

// answerLine is what the corpus knows of a line of answer.
type answerLine struct {
	ID, Error string
	Decision  evaluator.Verdict
	Reason    string

	Assumptions []string

	Layers []struct {
		Layer      string
		Statements []struct {
			Policy, Sid string
			Index       int
			Deciding    bool
		}
	}
}

func (a answerLine) deciding() []string {
	var out []string
	for _, layer := range a.Layers {
		for _, st := range layer.Statements {
			switch {
			case !st.Deciding:
			case layer.Layer == "grant":
				out = append(out, st.Policy)
			case st.Sid != "":
				out = append(out, st.Sid)
			default:
				out = append(out, strconv.Itoa(st.Index))
			}
		}
	}
	return out
}

// expressible reports whether a line can say everything that the request is decided by. It has no place for the
// user behind a federated-user session, for one grant among several and for keys that AWS manages; and it is about KMS.
func expressible(r evaluator.Request) bool {
	action, _ := policy.LookupAction(r.Action)
	return action.IsKMS() && (r.Principal.Type != evaluator.FederatedUser || r.Principal.Issuer == "") && r.Grant == "" &&
		(r.Key == nil || !r.Key.AWSManaged)
}

// lineOf writes a case as a line of decide.
func lineOf(c corpus.Case) map[string]any {
	r, p := c.Request, c.Request.Principal
	context := map[string]any{}
	set := func(key string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			context[key] = values
		}
	}
	line := map[string]any{
		"id": c.Note, "principal": p.ARN, "action": r.Action, "resource": "*", "context": context,
		"identityPolicies": p.Identity, "vpcEndpointPolicies": r.EndpointPolicies,
	}
	if assume := assumptionsOf(c); len(assume) > 0 {
		line["assume"] = assume
	}
	setCaller(set, line, p)
	if caller := c.World.Account(p.Account); caller != nil {
		set("aws:PrincipalOrgID", caller.OrganizationID)
		set("aws:PrincipalOrgPaths", caller.OrganizationPath)
		if !caller.Management {
			line["scps"] = levels(caller.SCPs)
		}
	}
	owner := p.Account
	switch {
	case r.Key != nil:
		line["resource"], line["resourcePolicy"], line["grants"] = r.Key.ARN, r.Key.Policy, listGrants(r.Key)
		setKey(set, r.Key)
		arn, _ := policy.ParseARN(r.Key.ARN)
		owner = arn.Account
	case r.Alias != "":
		line["resource"] = r.Alias
		arn, _ := policy.ParseARN(r.Alias)
		owner = arn.Account
	}
	if account := c.World.Account(owner); account != nil {
		set("aws:ResourceOrgID", account.OrganizationID)
		set("aws:ResourceOrgPaths", account.OrganizationPath)
		if !account.Management {
			line["rcps"] = levels(account.RCPs)
		}
	}
	for key, values := range r.Context { // what the case says wins, whatever its case
		for name := range context {
			if strings.EqualFold(name, key) {
				delete(context, name)
			}
		}
		context[key] = values
	}
	return line
}

// assumptionsOf are the assumptions that a case reads otherwise than by default.
func assumptionsOf(c corpus.Case) map[string]string {
	assume := map[string]string{}
	for text := range strings.FieldsSeq(c.Readings.String()) {
		name, reading, _ := strings.Cut(text, "=")
		assume[name] = reading
	}
	return assume
}

// levels writes a level without policies as an empty list.
func levels(docs [][]*policy.Document) [][]*policy.Document {
	out := slices.Clone(docs)
	for i := range out {
		if out[i] == nil {
			out[i] = []*policy.Document{}
		}
	}
	return out
}

func setCaller(set func(string, ...string), line map[string]any, p *evaluator.Principal) {
	if p.Boundary != nil {
		line["permissionBoundaries"] = []*policy.Document{p.Boundary}
	}
	if p.HasSession && len(p.Session) > 0 {
		line["sessionPolicy"] = p.Session[0]
	}
	if p.Type == evaluator.RoleSession {
		set("aws:PrincipalArn", p.Issuer)
		if p.UniqueID != "" {
			set("aws:userid", p.UniqueID+":"+p.Name)
		}
	} else {
		set("aws:userid", p.UniqueID)
	}
	set("aws:FederatedProvider", p.Provider)
	for key, value := range p.Tags {
		set("aws:PrincipalTag/"+key, value)
	}
}

func setKey(set func(string, ...string), k *evaluator.Key) {
	set("kms:ResourceAliases", k.Aliases...)
	set("kms:KeySpec", k.Spec)
	set("kms:CustomerMasterKeySpec", k.Spec)
	set("kms:CustomerMasterKeyUsage", k.Usage)
	set("kms:KeyUsage", k.Usage)
	set("kms:KeyOrigin", k.Origin)
	set("kms:MultiRegion", k.MultiRegion)
	set("kms:MultiRegionKeyType", k.MultiRegionKeyType)
	for key, value := range k.Tags {
		set("aws:ResourceTag/"+key, value)
	}
}

// listGrants writes grants as ListGrants answers them.
func listGrants(k *evaluator.Key) []map[string]any {
	out := []map[string]any{}
	for _, g := range k.Grants {
		constraints := map[string]any{}
		if g.EncryptionContextEquals != nil {
			constraints["EncryptionContextEquals"] = g.EncryptionContextEquals
		}
		if g.EncryptionContextSubset != nil {
			constraints["EncryptionContextSubset"] = g.EncryptionContextSubset
		}
		if g.SourceArn != "" {
			constraints["SourceArn"] = g.SourceArn
		}
		entry := map[string]any{
			"KeyId": k.ARN, "GrantId": g.ID, "IssuingAccount": g.IssuingAccount, "Operations": g.Operations,
			"Constraints": constraints, "CreationDate": 1772366400.5,
		}
		for name, value := range map[string]string{
			"Name": g.Name, "GranteePrincipal": g.GranteePrincipal, "GranteeServicePrincipal": g.GranteeServicePrincipal,
			"RetiringPrincipal": g.RetiringPrincipal, "RetiringServicePrincipal": g.RetiringServicePrincipal,
		} {
			if value != "" {
				entry[name] = value
			}
		}
		out = append(out, entry)
	}
	return out
}
