package kms

import (
	"errors"
	"slices"

	"github.com/strictkms/strictkms/kms/material"
)

// What the operations that use key material have in common: the condition keys of their requests, and what is checked
// once a call is authorized.

// isTrue reports whether an optional parameter is true.
func isTrue(value *bool) bool { return value != nil && *value }

// conditions are condition keys with their values.
type conditions map[string][]string

// newConditions returns the condition key of a request that named its key by an alias, empty for one that did not. The
// value is the name of the alias, without ARN
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-request-alias).
func newConditions(requestAlias string) conditions {
	c := make(conditions, 8)
	if requestAlias != "" {
		c["kms:RequestAlias"] = []string{requestAlias}
	}
	return c
}

func (c conditions) with(name, value string) conditions {
	c[name] = []string{value}
	return c
}

// encryption adds the condition keys of a request that has an encryption context.
func (c conditions) encryption(algorithm string, context map[string]string) conditions {
	n := len(context)
	lists := make([]string, 2*n+1) // all of them, in one piece of memory
	lists[n], c["kms:EncryptionAlgorithm"] = algorithm, lists[n:n+1:n+1]
	if n == 0 {
		return c
	}
	names, values := lists[:0:n], lists[n+1:]
	for name, value := range context {
		i := len(names)
		names, values[i] = append(names, name), value
		c["kms:EncryptionContext:"+name] = values[i : i+1 : i+1]
	}
	slices.Sort(names)
	c["kms:EncryptionContextKeys"] = names
	return c
}

// authorizeUse finds the key that a KeyId names and authorizes the operation's action on it.
func (c *call) authorizeUse(keyID string, grantTokens []string, with func(conditions) conditions) (*Key, error) {
	if err := c.useGrantTokens(grantTokens); err != nil {
		return nil, err
	}
	action := "kms:" + c.operation
	key, alias, err := c.key(action, keyID)
	if err != nil {
		return nil, err
	}
	context := newConditions(alias)
	if with != nil {
		context = with(context)
	}
	return key, c.authorize(action, key, context)
}

// checkUse refuses a key whose state or usage does not suit the operation, in AWS's words.
func (c *call) checkUse(key *Key, usage material.Usage) error {
	if err := c.checkState(key); err != nil {
		return err
	}
	if key.Metadata.Usage != string(usage) {
		return failf(CodeInvalidKeyUsage, "%s key usage is %s which is not valid for %s.", key.ARN, key.Metadata.Usage, c.operation)
	}
	return nil
}

// algorithm returns the algorithm of a name, which must work with keys of the spec.
func (k *Key) algorithm(name string) (*material.Spec, *material.Algorithm, error) {
	spec := material.LookupSpec(k.Metadata.Spec)
	if spec == nil {
		return nil, nil, errors.New("key " + k.ARN + " has an unknown spec")
	}
	a := spec.Algorithm(name)
	if a == nil || string(a.Usage) != k.Metadata.Usage {
		return nil, nil, failf(CodeInvalidKeyUsage, "Algorithm %s is incompatible with key spec %s.", name, spec.Name)
	}
	return spec, a, nil
}

// algorithmFor refuses a key whose state or usage does not suit the operation, or whose spec not the algorithm of a name.
func (c *call) algorithmFor(key *Key, usage material.Usage, name string) (*material.Algorithm, error) {
	if err := c.checkUse(key, usage); err != nil {
		return nil, err
	}
	_, a, err := key.algorithm(name)
	return a, err
}

// materialFor is algorithmFor with the key material to use the algorithm with.
func (c *call) materialFor(key *Key, usage material.Usage, name string) (*material.Material, *material.Algorithm, error) {
	a, err := c.algorithmFor(key, usage, name)
	if err != nil {
		return nil, nil, err
	}
	m, err := key.currentMaterial()
	return m, a, err
}

// dryRun is how a call ends that would have succeeded and was to change nothing.
func dryRun(requested *bool) error {
	if !isTrue(requested) {
		return nil
	}
	return failf(CodeDryRunOperation, "The request would have succeeded, but the DryRun option is set.")
}

// observeMaterial tells who watches the call which key material it used.
func (c *call) observeMaterial(m *material.Material) {
	if c.Observer != nil {
		c.Observer.Material(m.ID())
	}
}

// nullMember is what AWS says of a member that is missing where the model does not require it.
func nullMember(name string) error {
	return failf(CodeValidation,
		"1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", name)
}
