package trail

import (
	"sync"

	"github.com/strictkms/strictkms/evaluator"
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
	// keys counts the calls that keep a version of a key: its size counts once.
	keys map[*evaluator.Key]int
}

// remembered is what is kept of a call: not its input and output, which may be secret.
type remembered struct {
	entry Entry
	size  int
}

func newRecent(calls, sizeInBytes int) *recent {
	return &recent{
		ring: make([]remembered, calls), byID: map[string]int{}, maxSize: sizeInBytes, keys: map[*evaluator.Key]int{},
	}
}

// add remembers a call in place of the oldest.
func (r *recent) add(e *Entry) {
	kept := remembered{entry: Entry{Call: e.Call, Operation: e.Operation, Err: e.Err, Latency: e.Latency}}
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

// hold counts the keys of a call and returns the size of those that no other call keeps.
func (r *recent) hold(e *Entry) int {
	size := 0
	decisions := e.Call.Decisions()
	for i := range decisions {
		if key := decisions[i].Request.Key; key != nil {
			if r.keys[key]++; r.keys[key] == 1 {
				size += sizeOfKey(key)
			}
		}
	}
	return size
}

// release is the reverse of hold.
func (r *recent) release(e *Entry) int {
	size := 0
	decisions := e.Call.Decisions()
	for i := range decisions {
		if key := decisions[i].Request.Key; key != nil {
			if r.keys[key]--; r.keys[key] == 0 {
				delete(r.keys, key)
				size += sizeOfKey(key)
			}
		}
	}
	return size
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
)

// sizeOf estimates the memory that a call keeps, without its keys.
func sizeOf(e *Entry) int {
	c := e.Call.Connection()
	size := callSize + len(c.UserAgent) + len(c.SourceArn)
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
		size += decisionSize
	}
	return size
}

// sizeOfKey estimates the memory that a version of a key keeps. Its policy is shared by all versions and keys with
// the same text.
func sizeOfKey(key *evaluator.Key) int { return keySize + grantSize*len(key.Grants) }
