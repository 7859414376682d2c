package evaluator

import (
	"github.com/strictkms/strictkms/policy"
)

// forwardingStatement is a statement that matches when one of [forwardingKeys] says that a service makes the call; see
// [forwarded].
func (s *shared) forwardingStatement(key string) (*openStatement, error) {
	if known, ok := s.forwarding.Load(key); ok {
		return known.(*openStatement), nil //nolint:forcetypeassert // there is nothing else in it
	}
	c := policy.Condition{
		Operator: policy.Operator{Comparison: policy.Null}, Key: policy.Value{Text: key}, Values: []policy.Value{{Text: "false"}},
	}
	if key == viaAWSService {
		c.Operator.Comparison, c.Values[0].Text = policy.Bool, "true"
	}
	every := func() *policy.Strings { return &policy.Strings{Values: []policy.Value{{Text: "*"}}} }
	source := &policy.Statement{
		Effect: policy.Allow, Actions: every(), Resources: every(), Conditions: []policy.Condition{c},
	}
	st := &openStatement{source: source, doc: &policy.Document{
		Kind: policy.IdentityPolicy, Version: policy.Version2012, Statements: []*policy.Statement{source},
	}}
	if err := st.compile(s, Readings{}.Policy(st.doc, unitName)); err != nil { // not reached: it is always the same
		return nil, err
	}
	known, _ := s.forwarding.LoadOrStore(key, st)
	return known.(*openStatement), nil //nolint:forcetypeassert // there is nothing else in it
}
