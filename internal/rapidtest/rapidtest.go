// Package rapidtest says how often the property tests of this module look. Tests import it, and nothing else.
package rapidtest

import (
	"flag"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

const checksFlag = "rapid.checks"

// Asked reports whether the command line says how often rapid checks a property. The flags must be parsed.
func Asked() bool {
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == checksFlag })
	return asked
}

// SetChecks sets how often rapid checks a property, unless the command line says it.
func SetChecks(n int) {
	if Asked() {
		return
	}
	if err := flag.Set(checksFlag, strconv.Itoa(n)); err != nil {
		panic(err) // rapid has the flag, and it is a number
	}
}

// maxRounds is how often Until checks a property at most.
const maxRounds = 20

// Until checks a property over and over until done, at least once: for tests that also count what they met, of which some
// is rare. The caller requires that it is done.
func Until(t *testing.T, done func() bool, property func(*rapid.T)) {
	t.Helper()
	rapid.Check(t, property)
	for round := 1; round < maxRounds && !done(); round++ {
		rapid.Check(t, property)
	}
}
