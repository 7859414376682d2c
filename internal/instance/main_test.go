package instance_test

import (
	"fmt"
	"os"
	"testing"
)

// child is the environment variable that makes the test binary a program that a test runs: its value names it.
const child = "STRICTKMS_INSTANCE_CHILD"

// children are those programs. They get a directory.
var children = map[string]func(dir string) error{}

func TestMain(m *testing.M) {
	name := os.Getenv(child)
	if name == "" {
		os.Exit(m.Run()) //nolint:forbidigo // a test binary's main
	}
	if err := children[name](os.Getenv("STRICTKMS_INSTANCE_DIR")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // a test binary's main
	}
}
