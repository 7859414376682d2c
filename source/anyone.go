package source

import (
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
)

// accountDigits is the length of an account id.
const accountDigits = 12

// anyAccount is the pattern of all account ids.
const anyAccount = "????????????"

// anyone stands for the principals of the accounts that nothing names: everybody whom "*" means besides the others.
func (w *World) anyone(taken map[string]bool) Candidate {
	c, _ := w.anyoneIn("anyone in any other account", "other accounts", anyAccount, taken) // not all ids are taken
	return c
}

// likeAccount is how the name of a candidate begins who stands for accounts that a policy names by a pattern.
const likeAccount = "anyone in any other account like "

// anyoneLike stands for the principals of those of the accounts that nothing names whose ids match a pattern such as 1111*. It
// reports false when there are none.
func (w *World) anyoneLike(pattern string, taken map[string]bool) (Candidate, bool) {
	return w.anyoneIn(likeAccount+pattern, "other accounts like "+pattern, pattern, taken)
}

func (w *World) anyoneIn(name, whose, pattern string, taken map[string]bool) (Candidate, bool) {
	account, ok := accountLike(pattern, taken)
	if !ok {
		return Candidate{}, false
	}
	p := w.principalOf(caller{
		kind: evaluator.RoleSession, partition: w.Defaults.partition(), account: account, path: "/", name: "*", session: "*",
	}, "")
	return Candidate{
		Kind: CandidateAnyone, Name: name, Principal: w.stranger(p, whose),
		Note: "not loaded: by their accounts' IAM policies",
		Open: append([]string{"aws:PrincipalOrgID", "aws:PrincipalOrgPaths"}, openOfAnybody...),
		// What the account is called does not tell these from those whom a pattern does not match, so that it is asked about one.
		Within: pattern, Without: sorted(taken),
	}, true
}

// accountLike returns an account id that matches a pattern and is not taken.
func accountLike(pattern string, taken map[string]bool) (string, bool) {
	const most = 1_000 // more than are named
	wild := accountDigits - len(strings.ReplaceAll(strings.ReplaceAll(pattern, "*", ""), "?", ""))
	single := strings.Count(pattern, "?")
	if wild < single || wild == 0 || wild > single && !strings.Contains(pattern, "*") ||
		strings.Trim(pattern, "0123456789*?") != "" {
		return "", false
	}
	shape := strings.ReplaceAll(strings.Replace(pattern, "*", strings.Repeat("?", wild-single), 1), "*", "")
	for n := range most {
		digits := fmt.Sprintf("%0*d", wild, n)
		if len(digits) > wild {
			break
		}
		id := make([]byte, 0, accountDigits)
		for _, c := range []byte(shape) {
			if c == '?' {
				c, digits = digits[0], digits[1:]
			}
			id = append(id, c)
		}
		if !taken[string(id)] {
			return string(id), true
		}
	}
	return "", false
}
