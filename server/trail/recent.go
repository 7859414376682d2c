package trail

import (
	"sync"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/kms"
)

// recent are the last calls, by request id, within bounds.
type recent struct {
	lock sync.Mutex
	// ring holds the calls from first on, in their order.
	ring        []remembered
	first, used int
	byID        map[string]int // place in ring
	maxSize     int
	size        int
	// keys and principals count the calls that keep a version of a key or of a caller: its size counts once.
	keys       map[*evaluator.Key]int
	principals map[*evaluator.Principal]int
}

// remembered is what is kept of a call: not its input and output, which may be secret.
type remembered struct {
	entry Entry
	size  int
}

func newRecent(calls, sizeInBytes int) *recent {
	return &recent{
		ring: make([]remembered, calls), byID: map[string]int{}, maxSize: sizeInBytes,
		keys: map[*evaluator.Key]int{}, principals: map[*evaluator.Principal]int{},
	}
}

// add remembers a call in place of the oldest.
func (r *recent) add(e *Entry) {
	kept := remembered{entry: Entry{
		Call: e.Call, Operation: e.Operation, AccessKeyID: e.AccessKeyID, Err: answeredError(e.Err), Latency: e.Latency,
	}}
	kept.size = sizeOf(&kept.entry)
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.used == len(r.ring) {
		r.forget()
	}
	at := (r.first + r.used) % len(r.ring)
	r.ring[at] = kept
	r.used++
	r.byID[e.Call.Connection().RequestID] = at
	r.size += kept.size + r.hold(&kept.entry)
	for r.size > r.maxSize && r.used > 0 {
		r.forget()
	}
}

// forget forgets the oldest call.
func (r *recent) forget() {
	old := &r.ring[r.first]
	if id := old.entry.Call.Connection().RequestID; r.byID[id] == r.first {
		delete(r.byID, id)
	}
	r.size -= old.size + r.release(&old.entry)
	*old = remembered{}
	r.first = (r.first + 1) % len(r.ring)
	r.used--
}

// answeredError is what the caller was told of an error, without what happened inside.
func answeredError(err error) error {
	if err == nil {
		return nil
	}
	code, message := errorOf(err)
	if code == accessDenied {
		code = kms.CodeAccessDenied
	}
	return &kms.Error{Code: code, Message: message}
}

// hold counts what a call shares with others, and returns the size of what no other call keeps.
func (r *recent) hold(e *Entry) int {
	size := 0
	decisions := e.Call.Decisions()
	for i := range decisions {
		req := &decisions[i].Request
		if req.Key != nil && count(r.keys, req.Key, +1) == 1 {
			size += sizeOfKey(req.Key)
		}
		if req.Principal != nil && count(r.principals, req.Principal, +1) == 1 {
			size += sizeOfPrincipal(req.Principal)
		}
	}
	return size
}

// release is the reverse of hold.
func (r *recent) release(e *Entry) int {
	size := 0
	decisions := e.Call.Decisions()
	for i := range decisions {
		req := &decisions[i].Request
		if req.Key != nil && count(r.keys, req.Key, -1) == 0 {
			size += sizeOfKey(req.Key)
		}
		if req.Principal != nil && count(r.principals, req.Principal, -1) == 0 {
			size += sizeOfPrincipal(req.Principal)
		}
	}
	return size
}

// count changes a counter and returns it. A counter of nothing is dropped.
func count[K comparable](counters map[K]int, of K, by int) int {
	n := counters[of] + by
	if n == 0 {
		delete(counters, of)
	} else {
		counters[of] = n
	}
	return n
}

// get returns the call with a request id.
func (r *recent) get(requestID string) (Entry, bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	at, ok := r.byID[requestID]
	if !ok {
		return Entry{}, false
	}
	return r.ring[at].entry, true
}

const (
	// callSize and decisionSize are about what a call and a decision take, without texts of the caller's choice.
	callSize     = 1536
	decisionSize = 256
	// pairSize is about what an entry of a map takes.
	pairSize = 64
	// keySize is about what a version of a key takes, grantSize what one of its grants adds to the evaluator's index.
	keySize   = 1024
	grantSize = 192
	// principalSize is about what a version of a caller takes, policySize what a session policy adds, which belongs to
	// the session alone.
	principalSize = 1024
	policySize    = 4096
)

// sizeOf estimates the memory that a call keeps, without its keys and its caller.
func sizeOf(e *Entry) int {
	c := e.Call.Connection()
	size := callSize + len(c.UserAgent) + len(c.SourceArn) + len(c.SourceAccount) + len(e.Operation) + len(e.AccessKeyID)
	decisions := e.Call.Decisions()
	for i := range decisions {
		size += decisionSize
		for name, values := range decisions[i].Request.Context {
			size += pairSize + len(name)
			for _, value := range values {
				size += len(value)
			}
		}
	}
	if e.Err != nil {
		size += len(e.Err.Error())
	}
	return size
}

// sizeOfKey estimates the memory that a version of a key keeps. Its policy is shared by all versions and keys with
// the same text.
func sizeOfKey(key *evaluator.Key) int { return keySize + grantSize*len(key.Grants) }

// sizeOfPrincipal estimates the memory that a version of a caller keeps. Its other policies are shared by its versions.
func sizeOfPrincipal(p *evaluator.Principal) int { return principalSize + policySize*len(p.Session) }
