package kmstest

import (
	"sync"
	"time"
)

// Clock is the time of a server: of conditions such as aws:CurrentTime, of keys that wait to be deleted or to be
// rotated, of sessions that expire. It begins as the real time. Signatures are held to the real time in any case, since
// SDKs sign with it. The zero value is ready for use; it is safe for concurrent use.
type Clock struct {
	lock   sync.Mutex
	ahead  time.Duration // of the real time
	stands time.Time     // zero for a clock that runs
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if !c.stands.IsZero() {
		return c.stands
	}
	return time.Now().Add(c.ahead) //nolint:forbidigo // the clock itself
}

// Set stops the clock at a time. The zero time makes it the real time again.
func (c *Clock) Set(now time.Time) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.stands, c.ahead = now, 0
}

// Advance moves the clock on: one that runs goes on from there, one that was set stands there.
func (c *Clock) Advance(d time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.stands.IsZero() {
		c.ahead += d
		return
	}
	c.stands = c.stands.Add(d)
}
