package enforce

import (
	"context"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
)

// Call is one call of the API: it decides for its caller and collects what the call turns out to be about. It must
// not be used by two goroutines at once; when the call is over it no longer changes.
type Call struct {
	enforcer   *Enforcer
	connection Connection
	caller     *iam.Principal
	// forward are the condition keys of a service's call for a caller, made when they are needed.
	forward evaluator.Context

	decisions []Decision
	keys      []*kms.Key
	materials []string
	notes     []Note

	// few is the memory of a call with one decision and one key, which is nearly every call.
	few struct {
		decisions [1]Decision
		keys      [1]*kms.Key
	}
}

// Decision is one access that the call asked for, and the answer.
type Decision struct {
	Request evaluator.Request
	// Answer has its deciding statements only. It is empty in mode off, where nothing is decided, and has the
	// reason error when deciding failed.
	Answer evaluator.Decision
	// Allowed is what the decision says, Passed whether the call went on: in mode soft also when it was not allowed.
	Allowed, Passed bool
	// Err is why no decision could be made, nil when one was.
	Err error
	// Took is how long deciding took.
	Took time.Duration
}

// Note is a member of additionalEventData: a string, or a map of strings.
type Note struct {
	Name  string
	Value any
}

// Mode is what happens to what AWS would deny.
func (c *Call) Mode() Mode { return c.enforcer.mode }

// Connection says who makes the call and how.
func (c *Call) Connection() *Connection { return &c.connection }

// Caller is whose permissions decide: the principal that signed, or the one on whose behalf a service signed. It is
// nil in mode off for a call without a known caller.
func (c *Call) Caller() *iam.Principal { return c.caller }

// Decisions are the accesses in the order in which the operation asked for them.
func (c *Call) Decisions() []Decision { return c.decisions }

// Keys are the keys that the call acts on.
func (c *Call) Keys() []*kms.Key { return c.keys }

// Materials are the ids of the key material that was used.
func (c *Call) Materials() []string { return c.materials }

// Notes are the members of additionalEventData.
func (c *Call) Notes() []Note { return c.notes }

// Denied reports whether the call asked for an access that AWS would deny, whether or not it passed.
func (c *Call) Denied() bool {
	for i := range c.decisions {
		if c.enforcer.mode != Off && !c.decisions[i].Allowed {
			return true
		}
	}
	return false
}

// Explain explains one of the decisions of a call that is over.
func (c *Call) Explain(ctx context.Context, d *Decision) (evaluator.Decision, error) {
	if d.Err != nil {
		return evaluator.Decision{Decision: evaluator.Deny, Reason: reasonError}, d.Err
	}
	return c.enforcer.Explain(ctx, d.Request)
}

// record keeps a decision. An operation that is done over, because another call changed the state under it, asks the
// same again: the later answer takes the place of the earlier one.
func (c *Call) record(d Decision) {
	for i := range c.decisions {
		if about(&c.decisions[i]) == about(&d) {
			c.decisions[i] = d
			return
		}
	}
	c.decisions = append(c.decisions, d)
}

// about is what a decision is about.
func about(d *Decision) [2]string {
	return [2]string{d.Request.Action, d.Request.Acted()}
}

// Key implements [kms.Observer]. A later version of a key takes the place of an earlier one.
func (c *Call) Key(key *kms.Key) {
	for i := range c.keys {
		if c.keys[i].ARN == key.ARN {
			c.keys[i] = key
			return
		}
	}
	c.keys = append(c.keys, key)
}

// Material implements [kms.Observer].
func (c *Call) Material(id string) { c.materials = append(c.materials, id) }

// Note implements [kms.Observer]. A later value takes the place of an earlier one.
func (c *Call) Note(name string, value any) {
	for i := range c.notes {
		if c.notes[i].Name == name {
			c.notes[i].Value = value
			return
		}
	}
	c.notes = append(c.notes, Note{Name: name, Value: value})
}
