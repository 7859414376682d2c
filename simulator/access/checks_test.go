package access_test

import (
	"flag"
	"testing"

	"github.com/strictkms/strictkms/internal/rapidtest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	rapidtest.SetChecks(50) // each asks hundreds of questions
	m.Run()
}
