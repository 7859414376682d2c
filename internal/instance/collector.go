package instance

import (
	"os"
	"runtime/debug"
)

// collectorPercent is how much a server's heap may grow, in percent of what is in use, before it is collected. A server
// has little in use, some 10 MB and 5 KB per key, and makes that much garbage in a thousand calls: by Go's default of
// 100 it would look through the same keys and the same recent calls a dozen times a second. Memory is at most five times
// what is in use.
const collectorPercent = 400

// CollectLess makes the garbage collector of the process run less often than by Go's default, unless the environment
// variable GOGC says how often. It is for processes that are a server and nothing else.
// GOMEMLIMIT still holds (https://pkg.go.dev/runtime#hdr-Environment_Variables).
func CollectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectorPercent)
	}
}
