package source

import (
	"strings"

	"github.com/strictkms/strictkms/evaluator"
)

// Counterpart returns a candidate of another world as this one has it: whom nothing here names, as somebody of whom nothing
// is loaded. It reports false for one that is known not to be here, in an account all of which was loaded.
func (w *World) Counterpart(other Candidate) (Candidate, bool) {
	switch other.Kind {
	case CandidateAccount:
		if w.WholeAccounts[other.Account] {
			return Candidate{}, false
		}
		return w.others(other.Account), true
	case CandidateAnyone:
		if pattern, ok := strings.CutPrefix(other.Name, likeAccount); ok {
			return w.anyoneLike(pattern, w.named().accounts)
		}
		return w.anyone(w.named().accounts), true
	case CandidateService:
		return w.candidate(caller{kind: evaluator.Service, name: other.Name}, other.Name), true
	case CandidateWebIdentity:
		return other, true
	default:
	}
	name, provider, through := strings.Cut(other.Name, " through ")
	found, err := w.callerOfARN(name)
	if err != nil || through && found.role == nil {
		return Candidate{}, false
	}
	c := w.candidate(found, name)
	if c.Note != "" && w.WholeAccounts[other.Account] {
		return Candidate{}, false
	}
	if through {
		session := *w.build(found, name)
		session.Provider = provider
		c.Kind, c.Principal, c.Name = CandidateSession, &session, other.Name
	}
	return c, true
}
