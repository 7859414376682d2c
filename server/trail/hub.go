package trail

import (
	"sync"
	"sync/atomic"
)

const (
	// maxFollowers bounds how many may follow the decision log.
	maxFollowers = 32
	// followerLines is how many lines may wait for one follower. Further ones are dropped and counted.
	followerLines = 256
	// maxFollowedLine is the longest line that followers get, in bytes; longer ones count as dropped.
	maxFollowedLine = 256 << 10
)

// hub passes lines on to those who follow.
type hub struct {
	lock      sync.Mutex
	followers map[*follower]struct{}
	count     atomic.Int32
	closed    bool
}

// follower is somebody who follows.
type follower struct {
	lines   chan []byte // closed when the trail ends
	dropped atomic.Int64
}

// followed reports whether anybody follows.
func (h *hub) followed() bool { return h.count.Load() > 0 }

// follow begins to follow, nil when too many do or the trail has ended.
func (h *hub) follow() *follower {
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.closed || len(h.followers) >= maxFollowers {
		return nil
	}
	if h.followers == nil {
		h.followers = map[*follower]struct{}{}
	}
	f := &follower{lines: make(chan []byte, followerLines)}
	h.followers[f] = struct{}{}
	h.count.Add(1)
	return f
}

// leave ends following.
func (h *hub) leave(f *follower) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if _, ok := h.followers[f]; ok {
		delete(h.followers, f)
		h.count.Add(-1)
	}
}

// publish gives a line, which must not change any more, to everybody who keeps up.
func (h *hub) publish(line []byte) {
	if !h.followed() {
		return
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	for f := range h.followers {
		if len(line) > maxFollowedLine {
			f.dropped.Add(1)
			continue
		}
		select {
		case f.lines <- line:
		default:
			f.dropped.Add(1)
		}
	}
}

// close ends everybody's following after the lines that wait.
func (h *hub) close() {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.closed = true
	for f := range h.followers {
		delete(h.followers, f)
		h.count.Add(-1)
		close(f.lines)
	}
}
