//go:build !unix

package ringwire

// DumpOnQuit does nothing on systems without SIGQUIT.
func (s *Server) DumpOnQuit() (stop func()) { return func() {} }
