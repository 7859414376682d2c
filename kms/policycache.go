package kms

import (
	"runtime"
	"sync"
	"weak"

	"github.com/strictkms/strictkms/policy"
)

// keyPolicyName is what explanations call a key policy. Keys with the same policy share one document, so that it does
// not name the key.
const keyPolicyName = "key policy"

// policyCache parses key policies, once for all keys whose policies are the same text. It keeps no policy that no key
// has any more.
type policyCache struct {
	mu    sync.Mutex
	known map[string]weak.Pointer[policy.Document]
}

// get returns the one copy of the text, and its document.
func (c *policyCache) get(text string) (string, *policy.Document, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if document := c.known[text].Value(); document != nil {
		return intern(text), document, nil
	}
	document, diagnostics := policy.Parse(policy.KeyPolicy, keyPolicyName, []byte(text))
	if document == nil {
		return "", nil, diagnostics.Errors()
	}
	if c.known == nil {
		c.known = map[string]weak.Pointer[policy.Document]{}
	}
	text = intern(text)
	c.known[text] = weak.Make(document)
	runtime.AddCleanup(document, c.forget, text)
	return text, document, nil
}

// forget removes a document that is not used any more, unless it was parsed anew.
func (c *policyCache) forget(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[text].Value() == nil {
		delete(c.known, text)
	}
}
