package evaluator

import (
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// The members of the input, made once.
var (
	actionKey            = ast.StringTerm("action")
	principalKey         = ast.StringTerm("principal")
	resourceKey          = ast.StringTerm("resource")
	contextKey           = ast.StringTerm("context")
	encryptionContextKey = ast.StringTerm("encryption_context")

	actionTerms = newActionTerms()
)

// allMembers is the input as the head of layers.rego describes it.
const allMembers = rego.ReadsAction | rego.ReadsPrincipal | rego.ReadsResource | rego.ReadsEncryptionContext

func newActionTerms() []*ast.Term {
	actions := policy.Actions()
	terms := make([]*ast.Term, len(actions))
	for _, a := range actions {
		terms[a.Index] = ast.StringTerm(a.Name)
	}
	return terms
}

// contextValue is a condition key of the request that some unit reads.
type contextValue = [2]*ast.Term

// input makes the input of some units: the members that they read and the values of the condition keys that
// they read. Units that read the context only have it as their whole input, see flatten.
func (q *query) makeInput(reads rego.Members, values []contextValue) *ast.Term {
	var pairs map[string]string
	if reads&rego.ReadsEncryptionContext != 0 {
		pairs = q.encryptionContext()
	}
	return q.makeInputWith(reads, values, pairs)
}

// makeInputWith makes the input with a given encryption context.
func (q *query) makeInputWith(reads rego.Members, values []contextValue, pairs map[string]string) *ast.Term {
	if reads == 0 {
		return ast.ObjectTerm(values...)
	}
	members := make([][2]*ast.Term, 1, 5)
	members[0] = [2]*ast.Term{contextKey, ast.ObjectTerm(values...)}
	if reads&rego.ReadsAction != 0 {
		members = append(members, [2]*ast.Term{actionKey, actionTerms[q.action.Index]})
	}
	if reads&rego.ReadsPrincipal != 0 {
		members = append(members, [2]*ast.Term{principalKey, q.principal.term})
	}
	if reads&rego.ReadsResource != 0 {
		members = append(members, [2]*ast.Term{resourceKey, q.resourceTerm()})
	}
	if reads&rego.ReadsEncryptionContext != 0 {
		members = append(members, [2]*ast.Term{encryptionContextKey, objectOf(pairs)})
	}
	return ast.ObjectTerm(members...)
}

func (q *query) resourceTerm() *ast.Term {
	if q.key != nil {
		return q.key.term
	}
	return resourceInput(q.resourceARN)
}

func objectOf(pairs map[string]string) *ast.Term {
	o := ast.NewObject()
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		o.Insert(ast.StringTerm(k), ast.StringTerm(pairs[k]))
	}
	return ast.NewTerm(o)
}

// projectedInput makes the input for the rules of one side that the indexes find for the request: with the
// condition keys that those rules read and no others, however many the policies mention. flat says whether
// for the units that read the context only, or for the others.
func (q *query) projectedInput(side side, flat bool) (*ast.Term, error) {
	keys := q.scratch.keys[:0]
	reads := rego.Members(0)
	err := q.units(side, func(u *unit) {
		if (u.reads == 0) != flat {
			return
		}
		for c := range u.classes {
			u.classes[c].each(q, func(rule *candidate) bool {
				if rule.residual >= 0 {
					reads |= u.reads
					keys = union(keys, u.residuals[rule.residual].keys)
				}
				return true
			})
		}
	})
	if err != nil {
		return nil, err
	}
	q.scratch.keys = keys
	return q.makeInput(reads, q.contextValues(keys)), nil
}

// fullInput makes the input for all units that apply to the request.
func (q *query) fullInput() (*ast.Term, error) {
	var keys []*mentionedKey
	add := func(u *unit) { keys = union(keys, u.keys) }
	for side := range sideCount {
		if err := q.units(side, add); err != nil { // not where the request was decided before
			return nil, err
		}
	}
	return q.makeInput(allMembers, q.contextValues(keys)), nil
}

// union appends the keys that are not among the known ones.
func union(known, keys []*mentionedKey) []*mentionedKey {
	for _, key := range keys {
		if !slices.ContainsFunc(known, func(k *mentionedKey) bool { return k == key || k.folded == key.folded }) {
			known = append(known, key)
		}
	}
	return known
}

// side is what units are attached to.
type side int

const (
	resourceSide side = iota // the organization, the endpoint, the key and its grants
	identitySide
	sideCount
)

// units calls visit for every unit of a side that applies to the request.
func (q *query) units(side side, visit func(*unit)) error {
	each := func(list []*unit) {
		for _, u := range list {
			visit(u)
		}
	}
	if side == identitySide {
		each(q.principal.identity)
		each(q.principal.boundary)
		each(q.principal.session)
		return nil
	}
	each(q.endpoint)
	if q.key != nil {
		each(q.key.policy)
	}
	for _, level := range q.scps {
		each(level)
	}
	for _, level := range q.rcps {
		each(level)
	}
	for _, group := range q.grants {
		u, err := group.unitOf()
		if err != nil {
			return err
		}
		visit(u)
	}
	return nil
}
