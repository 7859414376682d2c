package server

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/strictkms/strictkms/server/enforce"
)

// health answers whether the server can work, and in which mode. Why it cannot is in the log.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	answer := struct {
		Status  string       `json:"status"`
		Enforce enforce.Mode `json:"enforce"`
		Version string       `json:"version,omitempty"`
	}{"ok", s.config.Enforcer.Mode(), s.config.Version}
	status := http.StatusOK
	if err := s.config.Health(); err != nil {
		s.config.Logger.LogAttrs(r.Context(), slog.LevelError, "not healthy", slog.String("error", err.Error()))
		answer.Status, status = "failing", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}
