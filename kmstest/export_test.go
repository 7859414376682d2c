package kmstest

// With returns the server as another test sees it.
func (s *Server) With(t T) *Server {
	return &Server{Clock: s.Clock, t: t, log: s.log, instance: s.instance, loads: s.loads, world: s.world}
}
