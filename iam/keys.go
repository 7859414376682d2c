package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// maxAccessKeys is how many access keys a user may have
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entities).
const maxAccessKeys = 2

// CreateAccessKey makes an access key for the owner of a principal: a user, the root user of an account that is
// held here, or a service. A user has two at most. logicalID is the name that a template gave it, else empty.
func (e *Edit) CreateAccessKey(o Owner, logicalID string) (*AccessKey, error) {
	if err := e.checkOwner(o); err != nil {
		return nil, err
	}
	if o.UserName() != "" && len(e.accessKeys(o.account, o.name)) >= maxAccessKeys {
		return nil, failf(CodeLimitExceeded, "Cannot exceed quota for AccessKeysPerUser: %d", maxAccessKeys)
	}
	id, err := newID(e.s.config.Rand, prefixAccessKey, accessKeyIDLength)
	if err != nil {
		return nil, err
	}
	if _, taken := e.snap.keys.Get(id); taken {
		return nil, fmt.Errorf("the new access key id %s is taken", id) // 80 random bits
	}
	k := &AccessKey{ID: id, Account: o.account, Owner: o.name, Created: e.s.now(), LogicalID: logicalID}
	s, err := newSecret(e.s.config.Rand)
	if err != nil {
		return nil, err
	}
	if k.Sealed, err = e.s.config.Sealer.Seal(k.label(), []byte(s.reveal())); err != nil {
		return nil, fmt.Errorf("sealing the secret of access key %s: %w", id, err)
	}
	e.put(k)
	return k, nil
}

// checkOwner reports whether somebody is there to own an access key.
func (e *Edit) checkOwner(o Owner) error {
	switch name := o.UserName(); {
	case name != "" && e.User(o.account, name) == nil:
		return noSuch("user", name)
	case o.account == AWS && !isService(o.name):
		return failf(CodeInvalidInput, "%q is no service principal", o.name)
	case o.account != AWS && e.Account(o.account) == nil:
		return failf(CodeNoSuchEntity, "The account %s cannot be found.", o.account)
	default:
		return nil
	}
}

// AccessKeys returns copies of the access keys of an owner, by id.
func (e *Edit) AccessKeys(o Owner) []*AccessKey {
	found := e.accessKeys(o.account, o.name)
	for i, k := range found {
		found[i] = k.clone()
	}
	return found
}

// SetAccessKeyActive makes an access key active or inactive.
func (e *Edit) SetAccessKeyActive(id string, active bool) error {
	k := e.accessKey(id)
	if k == nil {
		return noSuchKey(id)
	}
	changed := k.clone()
	changed.Inactive = !active
	e.put(changed)
	return nil
}

// DeleteAccessKey deletes an access key.
func (e *Edit) DeleteAccessKey(id string) error {
	k := e.accessKey(id)
	if k == nil {
		return noSuchKey(id)
	}
	e.delete(accessKeyKey(k))
	return nil
}

// accessKey returns an access key by its id, nil when there is none.
func (e *Edit) accessKey(id string) *AccessKey {
	if k, ok := e.snap.keys.Get(id); ok {
		k, _ = e.get(accessKeyKey(k)).(*AccessKey)
		return k
	}
	for _, record := range e.written {
		if k, ok := record.(*AccessKey); ok && k.ID == id {
			return k
		}
	}
	return nil
}

// accessKeys returns the access keys of an owner as the edit has them so far, by id.
func (e *Edit) accessKeys(account, owner string) []*AccessKey {
	var found []*AccessKey
	prefix := accessKeysOf(account, owner)
	e.snap.list(prefix, func(record any) bool {
		if k, ok := record.(*AccessKey); ok && k.Owner == owner {
			if k, ok = e.get(accessKeyKey(k)).(*AccessKey); ok {
				found = append(found, k)
			}
		}
		return true
	})
	for key, record := range e.written {
		if k, ok := record.(*AccessKey); ok && strings.HasPrefix(key, prefix) && k.Owner == owner && !slices.Contains(found, k) {
			found = append(found, k)
		}
	}
	slices.SortFunc(found, func(a, b *AccessKey) int { return strings.Compare(a.ID, b.ID) })
	return found
}

func noSuchKey(id string) error {
	return failf(CodeNoSuchEntity, "The Access Key with id %s cannot be found.", id)
}

// isService reports whether the name of an owner is that of a service principal.
func isService(owner string) bool {
	p, ok := policy.ParsePrincipal(strings.TrimPrefix(owner, ownerService))
	return ok && p.Form == policy.PrincipalService && strings.HasPrefix(owner, ownerService)
}

// Owner is who has access keys.
type Owner struct{ account, name string }

// UserOwner is a user.
func UserOwner(account, user string) Owner { return Owner{account, ownerUser + user} }

// RootOwner is the root user of an account.
func RootOwner(account string) Owner { return Owner{account, ownerRoot} }

// ServiceOwner is a service principal, for example s3.amazonaws.com.
func ServiceOwner(service string) Owner { return Owner{AWS, ownerService + service} }

// UserName returns the name of the user that is the owner, empty for others.
func (o Owner) UserName() string {
	if name, ok := strings.CutPrefix(o.name, ownerUser); ok {
		return name
	}
	return ""
}
