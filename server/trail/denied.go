package trail

// Denied returns the request ids of the recent calls that asked for what AWS would deny, oldest first.
func (t *Trail) Denied() []string { return t.recent.denied() }

func (r *recent) denied() []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	var ids []string
	for n := range r.used {
		call := r.ring[(r.first+n)%len(r.ring)].entry.Call
		if call.Denied() {
			ids = append(ids, call.Connection().RequestID)
		}
	}
	return ids
}
