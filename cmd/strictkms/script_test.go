package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/strictkms/strictkms/internal/stockopa"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"strictkms": main})
}

// TestScripts runs testdata/script. Besides the usual commands, "exits CODE PROGRAM ARGS" runs a program that
// must end with an exit code, "keypair PRIVATE PUBLIC" makes PEM files, $EXAMPLES is the directory of the examples, and
// opa and a fast aws are on the path where they can be had. The commands about running servers are in scriptserve_test.go.
func TestScripts(t *testing.T) {
	directories := strings.Join(slices.DeleteFunc([]string{awsCLI(t), stockopa.Dir(t)}, func(dir string) bool { return dir == "" }),
		string(filepath.ListSeparator))
	examples, err := filepath.Abs(filepath.Join("..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           condition,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "keypair": keypair, "serve": serveInBackground, "kill9": kill9, "sigterm": sigterm, "as": as,
			"base64": decodeBase64, "setjson": setJSON,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			env.Setenv("PATH", directories+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Values[runningKey{}] = &running{}
			return writeHostile(env.WorkDir)
		},
	})
}

// exits runs a program and compares its exit code; it fails on what looks like a panic.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
	if output := ts.ReadFile("stderr"); strings.Contains(output, "goroutine ") || strings.Contains(output, "panic") {
		ts.Fatalf("the program panicked")
	}
}

// writeHostile writes files that are too large or too strange for a script.
func writeHostile(dir string) error {
	for name, content := range map[string]string{
		"big.json": `{"Version":"2012-10-17","Statement":{"Sid":"` + strings.Repeat("x", 40<<10) +
			`","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`,
		"deep.yaml":   "Resources: " + strings.Repeat("{a: ", 5_000) + "1" + strings.Repeat("}", 5_000) + "\n",
		"deep.json":   `{"Resources": ` + strings.Repeat(`{"a": `, 20_000) + "1" + strings.Repeat("}", 20_001),
		"binary.yaml": "\x7fELF\x02\x01\x01\x00\x00\x00",
		"utf16.json":  "\xff\xfe{\x00}\x00",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}
