package diff_test

import (
	"flag"
	"testing"
)

// checks is how often properties are checked where -rapid.checks does not say: each check asks hundreds of questions.
const checks = "50"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", checks); err != nil {
			panic(err) // the properties' library has the flag
		}
	}
	m.Run()
}
