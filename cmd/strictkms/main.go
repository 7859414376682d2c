// Command strictkms decides and explains AWS KMS authorization: who may do what with which key, and
// which statement of which policy says so.
package main

import (
	"context"
	"os"
	"time"
)

func main() {
	now := time.Now //nolint:forbidigo // the one clock of the program, passed on from here
	os.Exit(execute(context.Background(), os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, now))
}
