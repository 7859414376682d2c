package bolt_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
)

const (
	killWriters = 6
	// killKept is how many entries of its log a writer leaves.
	killKept = 50
)

// run makes the command that runs one of the children on a store.
func run(t *testing.T, name, path string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), child+"="+name, "STRICTKMS_BOLT_PATH="+path)
	return command
}

// TestKilled kills a process that writes under load, again and again, and then looks for what it had acknowledged.
// STRICTKMS_KILLS sets how often.
func TestKilled(t *testing.T) {
	kills := 20
	if value := os.Getenv("STRICTKMS_KILLS"); value != "" {
		var err error
		kills, err = strconv.Atoi(value)
		require.NoError(t, err)
	}
	path := filepath.Join(t.TempDir(), "data", "store")
	acknowledged, total := map[string]int{}, 0
	for range kills {
		total += killOnce(t, path, acknowledged)
		checkAcknowledged(t, path, acknowledged)
	}
	require.Greater(t, total, kills, "the writers hardly wrote")
	t.Logf("%d kills, %d acknowledged transactions", kills, total)
}

// killOnce runs the writers, kills them at some moment, and notes what they acknowledged.
func killOnce(t *testing.T, path string, acknowledged map[string]int) int {
	t.Helper()
	command := run(t, "writer", path)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())

	reader := bufio.NewReader(output)
	lines := 0
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break // a last line without its end was not acknowledged
		}
		writer, number, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(t, ok, line)
		acknowledged[writer], err = strconv.Atoi(number)
		require.NoError(t, err)
		if lines++; lines == 1 {
			time.AfterFunc(time.Duration(rand.IntN(60_000))*time.Microsecond, func() { _ = command.Process.Kill() })
		}
	}
	require.Error(t, command.Wait(), "it was killed")
	require.NotZero(t, lines, complaints.String())
	return lines
}

// checkAcknowledged opens the store: each writer's entries are as of one transaction, its last acknowledged one or
// the one it had begun.
func checkAcknowledged(t *testing.T, path string, acknowledged map[string]int) {
	t.Helper()
	st, err := bolt.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	for writer, last := range acknowledged {
		a, err := st.Get(t.Context(), "a/"+writer)
		require.NoError(t, err)
		b, err := st.Get(t.Context(), "b/"+writer)
		require.NoError(t, err)
		require.Equal(t, a.Revision, b.Revision, "half a transaction")
		found, err := strconv.Atoi(string(a.Value))
		require.NoError(t, err)
		require.Contains(t, []int{last, last + 1}, found)
		require.Equal(t, killValue(found), b.Value)
		acknowledged[writer] = found // the next process goes on from here

		log, _, err := st.Range(t.Context(), "log/"+writer+"/", "", 0)
		require.NoError(t, err)
		require.Len(t, log, min(found, killKept))
		for i, entry := range log {
			require.Equal(t, logKey(writer, found-len(log)+1+i), entry.Key)
		}
	}
}

// killValue is the value of a transaction: some take several pages.
func killValue(i int) []byte { return bytes.Repeat([]byte{byte(i)}, i*997%9000) }

func logKey(writer string, i int) string { return fmt.Sprintf("log/%s/%09d", writer, i) }

// writeUntilKilled has several writers write, each continuing where it was, and print what was acknowledged.
func writeUntilKilled(path string) error {
	st, err := bolt.Open(path)
	if err != nil {
		return err
	}
	errs := make(chan error)
	for w := range killWriters {
		go func() { errs <- writeLog(st, strconv.Itoa(w)) }()
	}
	return <-errs
}

func writeLog(st store.Store, writer string) error {
	ctx, last := context.Background(), 0
	if entry, err := st.Get(ctx, "a/"+writer); err == nil {
		if last, err = strconv.Atoi(string(entry.Value)); err != nil {
			return err
		}
	}
	for i := last + 1; ; i++ {
		if _, err := st.Commit(ctx, store.Tx{Changes: []store.Change{
			{Key: "a/" + writer, Value: []byte(strconv.Itoa(i))},
			{Key: logKey(writer, i)},
			{Key: logKey(writer, i-killKept), Delete: true},
			{Key: "b/" + writer, Value: killValue(i)},
		}}); err != nil {
			return err
		}
		// One write: the pipe takes it whole.
		if _, err := fmt.Fprintf(os.Stdout, "%s %d\n", writer, i); err != nil {
			return err
		}
	}
}
