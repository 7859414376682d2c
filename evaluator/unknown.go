package evaluator

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/rego"
)

// Unknown says which condition keys a question leaves open: each may have any value, or be missing.
type Unknown struct {
	// Keys are names of condition keys, in any case. One that ends in * opens a family, for example
	// kms:EncryptionContext:* or aws:PrincipalTag/*. A key that the context of the request gives stays what it is,
	// unless it is named in full, which is an error. A key that follows from the principal, the resource or the
	// action is open when it is named, in full or by its family.
	Keys []string
	// Others opens every key that neither the context gives nor follows from principal, resource and action.
	Others bool
}

// IsZero reports whether nothing is left open.
func (u Unknown) IsZero() bool { return len(u.Keys) == 0 && !u.Others }

// opening is what one request leaves open.
type opening struct {
	q        *query
	named    []string // folded
	families []string // folded, without the star
	vague    []string // folded, with the star: those of the principal and the key
	others   bool

	// encryptionContext is true when some pair of the encryption context is open; wholly when any pair may be there.
	encryptionContext, wholly bool
	// forwards is isTrue when it is open whether a service makes the call with the caller's credentials, isOpen until somebody
	// asks.
	forwards truth
	// lean says how what is open is read.
	lean lean
	// bound says how unresolved values are read.
	bound bound
	// find is witnesses, or gives the same.
	find func(patterns []pattern, some bool) ([]string, bool)
}

// lean says how what is open is read where an answer is wanted.
type lean uint8

const (
	against  lean = iota // open statements deny and do not allow
	inFavour             // open statements allow and do not deny
)

// forwardingKeys are the condition keys that say that a service makes the call; see [forwarded].
var forwardingKeys = []string{"kms:viaservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", viaAWSService}

const (
	viaAWSService              = "aws:viaawsservice"
	foldedEncryptionContextKey = "kms:encryptioncontextkeys"
)

// checkUnknown reads the names of the open keys, and reports every one that is wrong.
func (q *query) checkUnknown(u Unknown) (*opening, error) {
	o := &opening{q: q, others: u.Others, forwards: isOpen}
	var problems []string
	for _, name := range u.Keys {
		folded := policy.FoldKey(name)
		prefix, family := strings.CutSuffix(folded, "*")
		switch {
		case !strings.Contains(prefix, ":") || strings.HasSuffix(folded, ":") || strings.Contains(prefix, "*"):
			problems = append(problems, "the unknown "+quoted(name)+" is no condition key: expected a name such as kms:ViaService, or a family such as kms:EncryptionContext:*")
		case family:
			o.families = append(o.families, prefix)
		case q.isGiven(folded):
			problems = append(problems, "the condition key "+name+" is given and unknown at once")
		default:
			o.named = append(o.named, folded)
		}
	}
	if len(problems) > 0 {
		return nil, badRequest("%s", strings.Join(problems, "\n"))
	}
	for _, name := range q.req.open() {
		o.vague = append(o.vague, policy.FoldKey(name))
	}
	o.findTied()
	return o, nil
}

func quoted(s string) string { return `"` + s + `"` }

// findTied finds what is open because something else is: the keys of the encryption context with its pairs and the
// other way round.
func (o *opening) findTied() {
	const prefix = encryptionContextPrefix
	if o.q.action.Populates(encryptionContextKeys) {
		o.wholly = o.others || o.names(foldedEncryptionContextKey) ||
			slices.ContainsFunc(o.families, func(f string) bool { return strings.HasPrefix(prefix, f) || strings.HasPrefix(f, prefix) })
		o.encryptionContext = o.wholly || slices.ContainsFunc(o.named, func(n string) bool { return strings.HasPrefix(n, prefix) })
	}
}

// mayForward reports whether it is open whether a service makes the call with the caller's credentials.
func (o *opening) mayForward() bool {
	if o.forwards == isOpen {
		o.forwards = isFalse // for aws:ViaAWSService, which follows from the others
		if slices.ContainsFunc(forwardingKeys, func(key string) bool {
			known, _ := policy.LookupConditionKey(key)
			return o.isOpen(key, known)
		}) {
			o.forwards = isTrue
		}
	}
	return o.forwards == isTrue
}

// names reports whether a key is named, in full or by its family.
func (o *opening) names(folded string) bool {
	return slices.Contains(o.named, folded) || o.inFamily(folded)
}

func (o *opening) inFamily(folded string) bool {
	return slices.ContainsFunc(o.families, func(f string) bool { return strings.HasPrefix(folded, f) })
}

// isVague reports whether the principal or the key leaves a condition key open.
func (o *opening) isVague(folded string) bool {
	return slices.ContainsFunc(o.vague, func(name string) bool {
		prefix, family := strings.CutSuffix(name, "*")
		return name == folded || family && strings.HasPrefix(folded, prefix)
	})
}

// isOpen reports whether the question leaves a condition key open. known is nil for a key that the catalogue does not
// have.
func (o *opening) isOpen(folded string, known *policy.ConditionKey) bool {
	q := o.q
	switch {
	case known != nil && !q.action.PopulatesKey(known) || known == nil && strings.HasPrefix(folded, "kms:"):
		return false // no request for the action has it
	case slices.Contains(o.named, folded):
		return true
	case q.isGiven(folded):
		return false
	case o.inFamily(folded), o.isVague(folded):
		return true
	case folded == foldedEncryptionContextKey:
		return o.encryptionContext
	case strings.HasPrefix(folded, encryptionContextPrefix):
		return o.wholly
	case folded == viaAWSService:
		return o.mayForward() && !forwarded(q.req.Context)
	default:
		return o.others && len(q.values(folded, known)) == 0 && !q.followsMissing(folded)
	}
}

// isGiven reports whether the request gives a condition key.
func (q *query) isGiven(folded string) bool {
	return slices.ContainsFunc(q.given, func(g givenKey) bool { return sameKey(g.name, folded) })
}

// followsMissing reports whether it follows from principal and resource that a key is missing: it is one that they
// would have given a value. What is not known of an account or a key does not follow.
func (q *query) followsMissing(folded string) bool {
	p := q.req.Principal
	switch folded {
	case "aws:principalarn", "aws:principalaccount", "kms:calleraccount", "aws:principaltype", "aws:principalisawsservice",
		"aws:principalservicename", "aws:principalservicenameslist", "kms:resourcealiases", "aws:resourceaccount":
		return true
	case "aws:username":
		return p.Type != User || p.Name != ""
	case "aws:userid":
		return p.outside()
	case "aws:principalorgid", "aws:principalorgpaths":
		return p.outside() || q.account != nil // what is known of an account is which organization it is in, if any
	case "aws:resourceorgid", "aws:resourceorgpaths":
		return q.owner != nil
	case "kms:multiregionkeytype":
		return q.req.Key != nil && q.req.Key.MultiRegion == "false"
	}
	for _, prefix := range [...]string{principalTagPrefix, resourceTagPrefix, iamResourceTagPrefix} {
		if strings.HasPrefix(folded, prefix) {
			return true
		}
	}
	return false
}

// viaAWSService are the values that aws:ViaAWSService may have: present is true when one of the others of [forwardingKeys]
// that are looked at is there.
func (o *opening) viaAWSService(present bool, looked []string) []string {
	if present {
		return []string{"true"}
	}
	unseen := slices.ContainsFunc(forwardingKeys, func(key string) bool {
		known, _ := policy.LookupConditionKey(key)
		return !slices.Contains(looked, key) && (key != viaAWSService || o.names(key)) && o.isOpen(key, known)
	})
	if unseen {
		return []string{"true", "false"}
	}
	return []string{"false"}
}

// openAmong returns those of the keys that are open.
func (q *query) openAmong(keys []*mentionedKey) []*mentionedKey {
	var out []*mentionedKey
	for _, key := range keys {
		if q.look(key).state == valueOpen {
			out = append(out, key)
		}
	}
	return out
}

// readsOpen reports whether what a rule tests besides its index is open.
func (q *query) readsOpen(u *unit, rule *candidate) bool {
	if q.open.encryptionContext && u.reads&rego.ReadsEncryptionContext != 0 {
		return true
	}
	return slices.ContainsFunc(u.residuals[rule.residual].keys, func(k *mentionedKey) bool { return q.look(k).state == valueOpen })
}
