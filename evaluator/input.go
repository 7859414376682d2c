package evaluator

import (
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
)

// The members of the input, made once.
var (
	actionKey            = ast.StringTerm("action")
	principalKey         = ast.StringTerm("principal")
	resourceKey          = ast.StringTerm("resource")
	contextKey           = ast.StringTerm("context")
	encryptionContextKey = ast.StringTerm("encryption_context")

	emptyObject = ast.NewTerm(ast.NewObject())
	actionTerms = newActionTerms()
)

func newActionTerms() []*ast.Term {
	actions := policy.Actions()
	terms := make([]*ast.Term, len(actions))
	for _, a := range actions {
		terms[a.Index] = ast.StringTerm(a.Name)
	}
	return terms
}

// units calls visit for every unit that applies to the request.
func (q *query) units(visit func(*unit) error) error {
	lists := [][]*unit{q.principal.identity, q.principal.boundary, q.principal.session, q.endpoint}
	if q.key != nil {
		lists = append(lists, q.key.policy)
	}
	lists = append(append(lists, q.scps...), q.rcps...)
	for _, list := range lists {
		for _, u := range list {
			if err := visit(u); err != nil {
				return err
			}
		}
	}
	for _, group := range q.grants {
		u, err := group.unitOf()
		if err != nil {
			return err
		}
		if err := visit(u); err != nil {
			return err
		}
	}
	return nil
}

// buildInput makes the input with the condition keys that the units read and no others.
func (q *query) buildInput() error {
	var (
		keys    []*mentionedKey
		readsEC bool
	)
	err := q.units(func(u *unit) error {
		readsEC = readsEC || u.readsEC
		for i := range u.keys {
			key := &u.keys[i]
			if !slices.ContainsFunc(keys, func(k *mentionedKey) bool { return k.folded == key.folded }) {
				keys = append(keys, key)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	context := emptyObject
	var pairs [][2]*ast.Term
	for _, key := range keys {
		if value := q.context.term(key); value != nil {
			pairs = append(pairs, [2]*ast.Term{key.term, value})
		}
	}
	if len(pairs) > 0 {
		context = ast.ObjectTerm(pairs...)
	}
	ec := emptyObject
	if readsEC {
		ec = objectOf(q.context.encryptionContext())
	}
	q.input = ast.ObjectTerm(
		[2]*ast.Term{actionKey, actionTerms[q.action.Index]},
		[2]*ast.Term{principalKey, q.principal.term},
		[2]*ast.Term{resourceKey, q.resTerm},
		[2]*ast.Term{contextKey, context},
		[2]*ast.Term{encryptionContextKey, ec},
	)
	return nil
}

func objectOf(pairs map[string]string) *ast.Term {
	o := ast.NewObject()
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		o.Insert(ast.StringTerm(k), ast.StringTerm(pairs[k]))
	}
	return ast.NewTerm(o)
}
