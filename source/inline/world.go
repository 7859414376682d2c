package inline

import (
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
)

// world is what a line says about accounts: the caller's and the resource's.
type world map[string]*evaluator.Account

var _ evaluator.World = world(nil)

// Account implements [evaluator.World].
func (w world) Account(id string) *evaluator.Account { return w[id] }

// world makes the accounts of a request of the caller's account. A request without a resource belongs
// to the caller's account, unless the line says otherwise; the evaluator then asks for the owner by no id.
func (l *lineForm) world(caller string, arn policy.ARN, onARN bool) world {
	w := world{}
	if l.scps != nil && caller != "" {
		w[caller] = &evaluator.Account{ID: caller, SCPs: l.scps}
	}
	if !onARN {
		l.setResourceAccount()
	}
	if l.rcps == nil {
		return w
	}
	owner := arn.Account // empty without a resource
	if w[owner] == nil {
		w[owner] = &evaluator.Account{ID: owner}
	}
	w[owner].RCPs = l.rcps
	return w
}

// setResourceAccount makes aws:ResourceAccount of resourceAccount, unless the context gives it.
func (l *lineForm) setResourceAccount() {
	const key = "aws:ResourceAccount"
	for name := range l.context {
		if strings.EqualFold(name, key) {
			return
		}
	}
	if l.resourceAccount.given {
		l.context[key] = []string{l.resourceAccount.value}
	}
}
