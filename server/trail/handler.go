package trail

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// The paths of the handlers.
const (
	// ExplainPath is followed by a request id.
	ExplainPath   = "/_strictkms/explain/"
	DecisionsPath = "/_strictkms/decisions"
)

// ExplainHandler answers GET [ExplainPath]REQUEST-ID with an [Explanation], 404 for a call that is not among the
// recent ones, 403 for whoever is not on this machine: explanations show policies.
func (t *Trail) ExplainHandler() http.Handler {
	return local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, ok := t.Explain(r.Context(), strings.TrimPrefix(r.URL.Path, ExplainPath))
		if !ok {
			refuse(w, http.StatusNotFound, "there is no such call among the recent ones")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(x) // or the client went away
	}))
}

// DecisionsHandler answers GET [DecisionsPath] with the lines of the decision log from now on, one JSON document per
// line, until the client leaves or the trail ends. Who reads too slowly misses lines, and is told how many in a line
// {"dropped": N}. It is 403 for whoever is not on this machine.
func (t *Trail) DecisionsHandler() http.Handler {
	return local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := t.hub.follow()
		if f == nil {
			refuse(w, http.StatusServiceUnavailable, "too many follow the decision log, or it has ended")
			return
		}
		defer t.hub.leave(f)
		stream(w, r, f)
	}))
}

// streamWrite is how long a client may take to accept a line.
const streamWrite = 30 * time.Second

// stream writes lines as they come.
func stream(w http.ResponseWriter, r *http.Request, f *follower) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if control.Flush() != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case line, ok := <-f.lines:
			if !ok {
				return
			}
			if n := f.dropped.Swap(0); n > 0 {
				line = append(fmt.Appendf(nil, "{\"dropped\":%d}\n", n), line...)
			}
			// Not every writer has deadlines; the context ends the stream then.
			_ = control.SetWriteDeadline(time.Now().Add(streamWrite)) //nolint:forbidigo // a deadline is real time
			if _, err := w.Write(line); err != nil || control.Flush() != nil {
				return
			}
		}
	}
}

// local lets only GET from this machine through. The Host header is checked too, so that a web page of somebody
// else cannot read by giving its own name the address of this machine.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !isLoopback(r.RemoteAddr) || !isLocalName(r.Host):
			refuse(w, http.StatusForbidden, "only clients on this machine may see decisions")
		case r.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			refuse(w, http.StatusMethodNotAllowed, "only GET")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func isLoopback(address string) bool {
	peer, err := netip.ParseAddrPort(address)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// isLocalName reports whether a Host header names this machine: an address of the loopback interface, or a name that
// no DNS server answers for (https://www.rfc-editor.org/rfc/rfc6761#section-6.3).
func isLocalName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func refuse(w http.ResponseWriter, status int, problem string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": problem}) // or the client went away
}
