package trail

import (
	"encoding/json"
	"net/http"
)

// DeniedPath is the path of [Trail.DeniedHandler].
const DeniedPath = "/_strictkms/denied"

// DeniedCalls is what [Trail.DeniedHandler] answers. Its JSON form is stable.
type DeniedCalls struct {
	RequestIDs []string `json:"requestIds"`
}

// Denied returns the request ids of the recent calls that asked for what AWS would deny, oldest first.
func (t *Trail) Denied() []string {
	return t.recent.denied(func(*Entry) bool { return true })
}

// DeniedHandler answers GET [DeniedPath]?access-key-id=ID with the [DeniedCalls] that an access key signed, or with all
// without an id. A call is among them before it is answered. It is 403 for whoever is not on this machine.
func (t *Trail) DeniedHandler() http.Handler {
	return local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		ids := t.recent.denied(func(e *Entry) bool {
			return !query.Has(accessKeyParameter) || e.AccessKeyID == query.Get(accessKeyParameter)
		})
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(DeniedCalls{append([]string{}, ids...)}) // or the client went away
	}))
}

const accessKeyParameter = "access-key-id"

func (r *recent) denied(about func(*Entry) bool) []string {
	r.lock.Lock()
	defer r.lock.Unlock()
	var ids []string
	for n := range r.used {
		entry := &r.ring[(r.first+n)%len(r.ring)].entry
		if entry.Call.Denied() && about(entry) {
			ids = append(ids, entry.Call.Connection().RequestID)
		}
	}
	return ids
}
