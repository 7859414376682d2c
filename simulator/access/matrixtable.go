package access

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// WriteMatrixText answers a matrix as a table for a person.
func (a *Asker) WriteMatrixText(ctx context.Context, m *Matrix, w io.Writer) error {
	return a.write(ctx, m, &textMatrix{printer: newPrinter(w)})
}

// WriteMatrixCSV answers a matrix as comma-separated values: one line for each principal and key, one column for each
// action.
func (a *Asker) WriteMatrixCSV(ctx context.Context, m *Matrix, w io.Writer) error {
	return a.write(ctx, m, &csvMatrix{w: csv.NewWriter(w), why: m.Why})
}

// WriteMatrixJSON answers a matrix as one JSON document.
func (a *Asker) WriteMatrixJSON(ctx context.Context, m *Matrix, w io.Writer) error {
	return a.write(ctx, m, &jsonMatrix{w: bufio.NewWriter(w)})
}

// textMatrix writes the keys of one principal after the other.
type textMatrix struct {
	*printer
	m     *Matrix
	width int // of the names of keys
	last  string
}

var _ rowWriter = (*textMatrix)(nil)

// cellWords are the verdicts in a table for a person.
var cellWords = map[Verdict]string{Always: "yes", Conditional: "if", Never: "-"}

func (t *textMatrix) begin(m *Matrix) error {
	t.m = m
	for i := range m.Keys {
		t.width = max(t.width, len(label(&m.Keys[i])))
	}
	cells := []string{strings.Repeat(" ", t.width+2)}
	for _, action := range m.Actions {
		cells = append(cells, short(action))
	}
	t.line("%s", strings.Join(cells, "  "))
	return nil
}

// label is the shortest name of a key that tells which it is.
func label(t *Target) string {
	if len(t.Key.Aliases) > 0 {
		arn, _ := policy.ParseARN(t.Key.ARN)
		return arn.Region + " " + t.Key.Aliases[0]
	}
	return t.Key.ARN
}

func short(action *policy.Action) string { return strings.TrimPrefix(action.Name, "kms:") }

func (t *textMatrix) row(r *Row) error {
	if r.Principal != t.last {
		t.line("%s", r.Who)
		t.unknown("  ", r.Unknown)
		t.last = r.Principal
	}
	cells := []string{fmt.Sprintf("  %-*s", t.width, label(r.target))}
	for i, action := range t.m.Actions {
		cells = append(cells, fmt.Sprintf("%-*s", len(short(action)), cellWords[r.Cells[i].Verdict]))
	}
	t.line("%s", strings.TrimRight(strings.Join(cells, "  "), " "))
	return nil
}

func (t *textMatrix) end() error {
	t.line("%d principals, %d keys, %d actions; yes: always, if: under conditions", len(t.m.Principals), len(t.m.Keys), len(t.m.Actions))
	return t.w.Flush()
}

// csvMatrix writes a line for each row and, with why, a further column for each action.
type csvMatrix struct {
	w   *csv.Writer
	why bool
}

var _ rowWriter = (*csvMatrix)(nil)

func (c *csvMatrix) begin(m *Matrix) error {
	head := []string{"principal", "kind", "account", "note", "key", "aliases"}
	for _, action := range m.Actions {
		head = append(head, action.Name)
		if c.why {
			head = append(head, action.Name+" why")
		}
	}
	return c.w.Write(head)
}

func (c *csvMatrix) row(r *Row) error {
	line := []string{
		inert(r.Principal), r.Kind.String(), r.Account, strings.Join(append(r.notes(), r.Unknown...), "; "), r.Key, inert(strings.Join(r.target.Key.Aliases, " ")),
	}
	for i := range r.Cells {
		line = append(line, string(r.Cells[i].Verdict))
		if c.why {
			line = append(line, inert(r.Cells[i].inWords()))
		}
	}
	return c.w.Write(line)
}

// inert keeps a spreadsheet from reading a text as a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func (c *csvMatrix) end() error {
	c.w.Flush()
	return c.w.Error()
}

// jsonMatrix writes {"actions": […], "keys": n, "rows": […]}, a row at a time.
type jsonMatrix struct {
	w    *bufio.Writer
	some bool
}

var _ rowWriter = (*jsonMatrix)(nil)

func (j *jsonMatrix) begin(m *Matrix) error {
	names := make([]string, len(m.Actions))
	for i, action := range m.Actions {
		names[i] = action.Name
	}
	head, err := json.Marshal(names)
	if err != nil { // not reached: strings always marshal
		return err
	}
	_, err = fmt.Fprintf(j.w, "{\"principals\": %d, \"keys\": %d, \"actions\": %s, \"rows\": [", len(m.Principals), len(m.Keys), head)
	return err
}

func (j *jsonMatrix) row(r *Row) error {
	separator := ",\n"
	if !j.some {
		separator, j.some = "\n", true
	}
	_, _ = j.w.WriteString(separator) // the bufio.Writer keeps the error
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return err
	}
	_, err := j.w.WriteString(strings.TrimSuffix(text.String(), "\n"))
	return err
}

func (j *jsonMatrix) end() error {
	_, _ = j.w.WriteString("\n]}\n") // the bufio.Writer keeps the error
	return j.w.Flush()
}
