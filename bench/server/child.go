package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/strictkms/strictkms/internal/instance"
)

// childVariable is the environment variable that makes the program a server; its value says which.
const childVariable = "STRICTKMS_BENCH_SERVER"

// profileVariable is the environment variable that names a directory for CPU profiles of the servers.
const profileVariable = "STRICTKMS_BENCH_PROFILE"

// profile writes a CPU profile to a file until end is called.
func profile(file string) (end func(), err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

// hello is the first line a child prints: where it is, and whose signature its caller is to use.
type hello struct {
	Address         string
	AccessKeyID     string
	SecretAccessKey string
	KeyID           string
}

// usage is what a child prints for each line it reads: what it has used so far.
type usage struct {
	CPU  time.Duration
	Heap uint64 // bytes in use after a garbage collection; only when the line asks for it
}

// serveChild runs a server until in ends.
func serveChild(kind string, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	name, argument, _ := strings.Cut(kind, ":")
	if name != kindNoopByDefault {
		instance.CollectLess() // as strictkms serve does
	}
	h, stop, err := startKind(ctx, name, argument)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(h); err != nil {
		return err
	}
	if dir := os.Getenv(profileVariable); dir != "" {
		end, err := profile(filepath.Join(dir, name+".pprof"))
		if err != nil {
			return err
		}
		defer end()
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var u usage
		if lines.Text() == "heap" {
			runtime.GC()
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			u.Heap = m.HeapAlloc
		}
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			return err
		}
		u.CPU = time.Duration(r.Utime.Nano() + r.Stime.Nano())
		if err := encoder.Encode(u); err != nil {
			return err
		}
	}
	return errors.Join(lines.Err(), stop())
}

// child is a server in a process of its own.
type child struct {
	hello
	kind    string
	command *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	// ready is the time from the start of the process to its first line.
	ready time.Duration
}

// startChild starts this program again as a server.
func startChild(ctx context.Context, kind string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{kind: kind, command: exec.CommandContext(ctx, self)}
	c.command.Env = append(os.Environ(), childVariable+"="+kind)
	c.command.Stderr = os.Stderr
	if c.in, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(out)
	if err := c.out.Decode(&c.hello); err != nil {
		return nil, errors.Join(fmt.Errorf("the server %s did not start: %w", kind, err), c.stop())
	}
	c.ready = time.Since(began)
	return c, nil
}

// ask returns what the server has used.
func (c *child) ask(question string) (usage, error) {
	var u usage
	if _, err := io.WriteString(c.in, question+"\n"); err != nil {
		return u, err
	}
	err := c.out.Decode(&u)
	return u, err
}

// stop ends the server.
func (c *child) stop() error {
	if err := c.in.Close(); err != nil {
		return err
	}
	return c.command.Wait()
}
