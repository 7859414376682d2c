package source

import (
	"strings"

	"github.com/strictkms/strictkms/evaluator"
)

// Resolution says how a name led to a key.
type Resolution struct {
	// Alias is the alias name (alias/…) when the key was named by an alias: kms:RequestAlias of
	// the operations that have it (https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html#conditions-kms-request-alias).
	// It is empty when the key was named by its id or ARN.
	Alias string
}

// foundKey is a key under one of its names.
type foundKey struct {
	key   *Key
	alias string
}

// Key returns the key of a name: a key id, key ARN, alias name (alias/…), alias ARN, or the logical id
// of a key or alias in a loaded template. A short name is looked for in the default account and
// Region first, then everywhere. The error is a [*NameError] or an [*AmbiguousError].
func (w *World) Key(name string) (*evaluator.Key, Resolution, error) {
	var found []foundKey
	for _, k := range w.Keys {
		if alias, ok := k.named(name); ok {
			found = append(found, foundKey{k, alias})
		}
	}
	home := ":kms:" + w.Defaults.Region + ":" + w.Defaults.Account + ":"
	chosen, ok, err := one("key", name, found,
		func(f foundKey) bool { return strings.Contains(f.key.ARN, home) },
		func(f foundKey) string { return f.key.ARN })
	switch {
	case err != nil:
		return nil, Resolution{}, err
	case !ok:
		return nil, Resolution{}, &NameError{Kind: "key", Name: name, Nearest: nearest(name, w.keyNames(name))}
	default:
		return &chosen.key.Key, Resolution{Alias: chosen.alias}, nil
	}
}

// named reports whether the name is one of the key's, and the alias name if it is an alias.
func (k *Key) named(name string) (alias string, ok bool) {
	prefix, id := k.splitARN()
	switch {
	case name == "":
		return "", false
	case name == id, name == "key/"+id, name == k.ARN, name == k.LogicalID:
		return "", true
	case k.AliasLogicalIDs[name] != "":
		return k.AliasLogicalIDs[name], true
	}
	for _, a := range k.Aliases {
		if name == a || name == prefix+a {
			return a, true
		}
	}
	return "", false
}

// splitARN returns the part of the key's ARN that its alias ARNs share (arn:…:kms:REGION:ACCOUNT:)
// and the key id.
func (k *Key) splitARN() (prefix, id string) {
	prefix, id, _ = strings.Cut(k.ARN, "key/")
	return prefix, id
}

// keyNames returns the loaded names of the shape of the one that was asked for.
func (w *World) keyNames(like string) []string {
	var names []string
	for _, k := range w.Keys {
		prefix, id := k.splitARN()
		switch {
		case strings.HasPrefix(like, "arn:"):
			names = append(names, k.ARN)
			for _, a := range k.Aliases {
				names = append(names, prefix+a)
			}
		case strings.HasPrefix(like, "alias/"):
			names = append(names, k.Aliases...)
		default:
			names = append(names, id)
			names = append(names, k.Aliases...)
			if k.LogicalID != "" {
				names = append(names, k.LogicalID)
			}
			for logical := range k.AliasLogicalIDs {
				names = append(names, logical)
			}
		}
	}
	return names
}
