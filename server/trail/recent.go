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
	maxSize     int
	size        int
	// keys and principals count the calls that keep a version of a key or of a caller: its size counts once.
	keys       map[*evaluator.Key]int
	principals map[*evaluator.Principal]int
}

// remembered is what is kept of a call: not its input and output, which may be secret.
type remembered struct {
	entry Entry
	id    string // of the request
	size  int
	// key and principal are those of the only decision; several says that there are more, or none.
	key       *evaluator.Key
	principal *evaluator.Principal
	several   bool
}

func newRecent(calls, sizeInBytes int) *recent {
	return &recent{
		ring: make([]remembered, calls), maxSize: sizeInBytes,
		keys: map[*evaluator.Key]int{}, principals: map[*evaluator.Principal]int{},
	}
}

// add remembers a call in place of the oldest.
func (r *recent) add(e *Entry) {
	kept := remembered{entry: Entry{
		Call: e.Call, Operation: e.Operation, Service: e.Service, AccessKeyID: e.AccessKeyID, Err: answeredError(e.Err), Latency: e.Latency,
	}}
	kept.id, kept.size = e.Call.Connection().RequestID, sizeOf(&kept.entry)
	if decisions := e.Call.Decisions(); len(decisions) == 1 {
		kept.key, kept.principal = decisions[0].Request.Key, decisions[0].Request.Principal
	} else {
		kept.several = true
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.used == len(r.ring) {
		r.forget()
	}
	at := (r.first + r.used) % len(r.ring)
	r.ring[at] = kept
	r.used++
	r.size += kept.size + r.hold(&kept)
	for r.size > r.maxSize && r.used > 0 {
		r.forget()
	}
}

// forget forgets the oldest call.
func (r *recent) forget() {
	old := &r.ring[r.first]
	r.size -= old.size + r.release(old)
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
func (r *recent) hold(of *remembered) int { return r.share(of, +1, 1) }

// release is the reverse of hold.
func (r *recent) release(of *remembered) int { return r.share(of, -1, 0) }

// share changes the counters of what a call shares, and returns the size of that of which the counter is then at a
// number. The call itself is not looked at when it has one decision, since an old one is far away in memory.
func (r *recent) share(of *remembered, by, at int) int {
	if !of.several {
		return r.shareOne(of.key, of.principal, by, at)
	}
	size := 0
	decisions := of.entry.Call.Decisions()
	for i := range decisions {
		size += r.shareOne(decisions[i].Request.Key, decisions[i].Request.Principal, by, at)
	}
	return size
}

func (r *recent) shareOne(key *evaluator.Key, principal *evaluator.Principal, by, at int) int {
	size := 0
	if key != nil && count(r.keys, key, by) == at {
		size += sizeOfKey(key)
	}
	if principal != nil && count(r.principals, principal, by) == at {
		size += sizeOfPrincipal(principal)
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

// get returns the call with a request id. It is looked for, rather than known by its id, because every call is remembered
// and hardly any is asked for.
func (r *recent) get(requestID string) (Entry, bool) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for n := r.used - 1; n >= 0; n-- { // the latest first: it is asked for most
		if at := (r.first + n) % len(r.ring); r.ring[at].id == requestID {
			return r.ring[at].entry, true
		}
	}
	return Entry{}, false
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
