package enforce

import (
	"context"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
)

// Keys knows keys by their ARNs; [kms.Service] does.
type Keys interface {
	// KeyByARN returns a key, nil when there is none.
	KeyByARN(arn string) *kms.Key
}

// Simulator decides what calls would be answered that nobody makes. It sees callers and keys as calls do.
type Simulator struct {
	enforcer *Enforcer
	keys     Keys
}

// Simulator returns a simulator of the calls that the enforcer decides.
func (e *Enforcer) Simulator(keys Keys) *Simulator { return &Simulator{e, keys} }

// Principal is a caller as decisions see it. It is a new one each time, which may be changed before it is used.
func (s *Simulator) Principal(p *iam.Principal) *evaluator.Principal {
	made, _ := newPrincipal(p).(*evaluator.Principal)
	return made
}

// Key is a key as decisions about a caller see it, nil when there is none. It must not be changed. Policies and grants
// that name the caller by its ARN mean it only if they are about who has the unique id.
func (s *Simulator) Key(arn string, caller *evaluator.Principal) *evaluator.Key {
	k := s.keys.KeyByARN(arn)
	if k == nil {
		return nil
	}
	name := caller.ARN
	if caller.Issuer != "" {
		name = caller.Issuer
	}
	if caller.UniqueID != "" {
		k = k.SeenBy(name, caller.UniqueID)
	}
	return keyOf(k)
}

// Account is an account as its organization sees it, nil when nothing is known about it.
func (s *Simulator) Account(id string) *evaluator.Account { return s.enforcer.world.Account(id) }

// Explain decides a request and says of every statement that applied whether it matched.
func (s *Simulator) Explain(ctx context.Context, req evaluator.Request) (evaluator.Decision, error) {
	return s.enforcer.Explain(ctx, req)
}
