package access

import (
	"encoding/json"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// confinement names the policy that stands for what is known of those whom nothing tells apart but their account.
const confinement = "strictkms: the account of those who ask"

// confined returns the caller of a candidate. Of whoever else there is in an account the name is open, and its account is
// not: a policy of their own denies what names of other accounts would be allowed, so that the evaluator finds which ways
// are left. No answer lists it.
func (a *Asker) confined(c *source.Candidate) *evaluator.Principal {
	if c.Within == "" {
		return c.Principal
	}
	if known, ok := a.strangers.Load(c.Principal); ok {
		return known.(*evaluator.Principal) //nolint:forcetypeassert // there is nothing else in it
	}
	p := c.Principal
	confined := &evaluator.Principal{
		Type: p.Type, ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: p.UniqueID, Name: p.Name, Provider: p.Provider,
		ServiceLinked: p.ServiceLinked, Tags: p.Tags, Boundary: p.Boundary, HasSession: p.HasSession, Session: p.Session,
		Unknown: p.Unknown, Open: p.Open, Identity: append([]*policy.Document{confiningPolicy(c)}, p.Identity...),
	}
	known, _ := a.strangers.LoadOrStore(c.Principal, confined)
	return known.(*evaluator.Principal) //nolint:forcetypeassert // there is nothing else in it
}

// confiningPolicy denies what a caller of another account than the candidate's asks for.
func confiningPolicy(c *source.Candidate) *policy.Document {
	arns := func(accounts ...string) map[string][]string {
		out := []string{}
		for _, id := range accounts {
			out = append(out, "arn:*:*::"+id+":*")
		}
		return map[string][]string{"aws:PrincipalArn": out}
	}
	deny := func(operator string, values map[string][]string) map[string]any {
		return map[string]any{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": map[string]any{operator: values}}
	}
	statements := []any{deny("ArnNotLike", arns(c.Within))}
	if len(c.Without) > 0 {
		statements = append(statements, deny("ArnLike", arns(c.Without...)))
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err) // texts, and maps and lists of them
	}
	doc, diags := policy.Parse(policy.IdentityPolicy, confinement, text, policy.WithoutSizeLimit())
	if diags.HasErrors() {
		panic(diags) // account ids and patterns of them
	}
	return doc
}
