package kms

import (
	"context"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// call is one run of an operation: who calls, and the state at the moment the run began.
type call struct {
	*Call
	ctx       context.Context //nolint:containedctx // a call lives as long as the request whose context this is
	service   *Service
	snapshot  *snapshot
	operation string // its name, for example Encrypt
	// keys are the first keys that the call turned out to be about.
	keys [2]*Key
	// throttled is true when the call counted toward the quota of its key.
	throttled bool
}

// now is the time by the clock of the service.
func (c *call) now() time.Time { return c.service.now() }

// key finds the key that a KeyId names, for an action on it. requestAlias is the name of the alias that the KeyId
// names the key by, with its alias/ prefix, and empty when it is a key id or key ARN.
func (c *call) key(action, keyID string) (key *Key, requestAlias string, err error) {
	key, requestAlias, err = c.lookup(action, keyID)
	if err != nil {
		return nil, "", err
	}
	c.observe(key)
	return key, requestAlias, c.throttleUse(key)
}

// plainKey is key for the operations that take no alias.
func (c *call) plainKey(action, keyID string) (*Key, error) {
	if err := refuseAlias(keyID); err != nil {
		return nil, err
	}
	key, _, err := c.key(action, keyID)
	return key, err
}

// authorizedKey is plainKey for the operation's own action, once it is authorized. The context are the condition keys
// that come from the parameters of the request.
func (c *call) authorizedKey(keyID string, context map[string][]string) (*Key, error) {
	action := "kms:" + c.operation
	key, err := c.plainKey(action, keyID)
	if err != nil {
		return nil, err
	}
	return key, c.authorize(action, key, context)
}

// usableKey is authorizedKey for a key in a state that the operation takes.
func (c *call) usableKey(keyID string, context map[string][]string) (*Key, error) {
	key, err := c.authorizedKey(keyID, context)
	if err != nil {
		return nil, err
	}
	return key, c.checkState(key)
}

// observe tells who watches the call that it is about a key.
func (c *call) observe(key *Key) {
	if c.keys[0] == nil {
		c.keys[0] = key
	} else {
		c.keys[1] = key
	}
	if c.Observer != nil {
		c.Observer.Key(key)
	}
}

// authorize decides about an action on a key, nil for an action without one. The context are the condition keys that
// come from the parameters of the request.
func (c *call) authorize(action string, key *Key, context map[string][]string) error {
	return c.access(&Access{Action: action, Key: key, Context: context})
}

// access decides about an access. Whatever the policies say, an action that works within an account only does nothing
// in another: "permissions for other operations have no effect"
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html).
func (c *call) access(access *Access) error {
	if err := c.Authorizer.Authorize(c.ctx, access); err != nil {
		return err
	}
	if access.Key == nil || access.Key.Account == c.Account {
		return nil
	}
	if action, ok := policy.LookupAction(access.Action); !ok || !action.CrossAccount {
		return c.deniedAbroad(access.Action)
	}
	return nil
}

// deniedAbroad is what AWS answers about a key of another account that is not there, or that is not to be told about.
func (c *call) deniedAbroad(action string) error {
	return failf(CodeAccessDenied, "User: %s is not authorized to perform: %s on this resource because the resource does "+
		"not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies "+
		"access", c.Principal, action)
}
