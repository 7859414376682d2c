// Package cedarmatch decides the requests of a scenario with cedar-go, the policies translated to Cedar.
//
// Cedar has no second step in which one policy asks for another, so that "the key policy delegates to the account
// and an identity policy allows" becomes one permit for each pair of statements. Every (caller, key)
// has its own policy set, prepared beforehand: the whole key policy, the grants and the caller's own
// identity policies. That is the smallest set that a service could select by id.
package cedarmatch

import (
	"fmt"
	"slices"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/strictkms/strictkms/bench/internal/scenario"
)

// Matcher decides requests of one scenario.
type Matcher struct {
	sets     map[pair]*cedar.PolicySet
	entities types.EntityMap
}

type pair struct{ principal, key string }

// New translates a scenario.
func New(s *scenario.Scenario) (*Matcher, error) {
	m := &Matcher{sets: map[pair]*cedar.PolicySet{}, entities: entities(s)}
	shared, delegations, err := keyPolicies(s)
	if err != nil {
		return nil, err
	}
	for _, p := range s.Principals {
		own, err := identityPolicies(p, delegations)
		if err != nil {
			return nil, err
		}
		set := cedar.NewPolicySet()
		for i, policy := range slices.Concat(shared, own) {
			set.Add(cedar.PolicyID(fmt.Sprintf("policy%d", i)), policy)
		}
		m.sets[pair{p.ARN, s.Key}] = set
	}
	return m, nil
}

// Decide reports whether the request is allowed.
func (m *Matcher) Decide(r *scenario.Request) (bool, error) {
	set := m.sets[pair{r.Principal, r.Key}]
	if set == nil {
		return false, fmt.Errorf("unknown key %s or principal %s", r.Key, r.Principal)
	}
	request, err := Input(r)
	if err != nil {
		return false, err
	}
	decision, diagnostic := cedar.Authorize(set, m.entities, request)
	if len(diagnostic.Errors) > 0 {
		return false, fmt.Errorf("cedar: %s", diagnostic.Errors[0])
	}
	return decision == cedar.Allow, nil
}

// Input builds Cedar's form of a request.
func Input(r *scenario.Request) (cedar.Request, error) {
	record := make(types.RecordMap, len(r.Context))
	for key, values := range r.Context {
		value, err := contextValue(key, values)
		if err != nil {
			return cedar.Request{}, err
		}
		record[types.String(key)] = value
	}
	return cedar.Request{
		Principal: principalUID(r.Principal),
		Action:    actionUID(r.Action),
		Resource:  keyUID(r.Key),
		Context:   types.NewRecord(record),
	}, nil
}

// contextValue gives a condition key the type that its operators need.
func contextValue(key string, values []string) (types.Value, error) {
	switch key {
	case "aws:SourceIp":
		return types.ParseIPAddr(values[0])
	case "aws:CurrentTime":
		return types.ParseDatetime(values[0])
	case "kms:EncryptionContextKeys":
		list := make([]types.Value, len(values))
		for i, v := range values {
			list[i] = types.String(v)
		}
		return types.NewSet(list...), nil
	}
	return types.String(values[0]), nil
}

func principalUID(arn string) types.EntityUID {
	return types.NewEntityUID("Principal", types.String(arn))
}

func actionUID(action string) types.EntityUID {
	return types.NewEntityUID("Action", types.String(action))
}

func keyUID(arn string) types.EntityUID { return types.NewEntityUID("Key", types.String(arn)) }

// entities say who is in which role and account.
func entities(s *scenario.Scenario) types.EntityMap {
	out := types.EntityMap{}
	account := types.NewEntityUID("Principal", scenario.Root)
	out[account] = types.Entity{UID: account}
	for _, p := range s.Principals {
		uid := principalUID(p.ARN)
		parents := []types.EntityUID{account}
		if p.Role != "" {
			role := principalUID(p.Role)
			out[role] = types.Entity{UID: role, Parents: types.NewEntityUIDSet(account)}
			parents = []types.EntityUID{role}
		}
		out[uid] = types.Entity{UID: uid, Parents: types.NewEntityUIDSet(parents...)}
	}
	key := keyUID(s.Key)
	out[key] = types.Entity{UID: key, Attributes: types.NewRecord(types.RecordMap{"arn": types.String(s.Key)})}
	return out
}
