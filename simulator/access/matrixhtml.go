package access

import (
	"bufio"
	"context"
	_ "embed" // for the page
	"html/template"
	"io"
	"strings"

	"github.com/strictkms/strictkms/simulator"
)

//go:embed matrix.html
var pageText string

// page is the HTML page in three parts, between which the rows come. It refers to nothing outside itself, and its
// templates escape what policies say.
var page = template.Must(template.New("matrix").Parse(pageText))

// WriteMatrixHTML answers a matrix as one self-contained page.
func (a *Asker) WriteMatrixHTML(ctx context.Context, m *Matrix, w io.Writer) error {
	return a.write(ctx, m, &htmlMatrix{w: bufio.NewWriter(w)})
}

type htmlMatrix struct {
	w *bufio.Writer
}

var _ rowWriter = (*htmlMatrix)(nil)

// htmlHead is what the page says above the table.
type htmlHead struct {
	Principals, Keys int
	Actions          []string
	All              bool
}

// htmlRow is one line of the table.
type htmlRow struct {
	Principal, Note, Key string
	Aliases              []string
	Cells                []htmlCell
}

// htmlCell is one answer. Tip is what a pointer that rests on it shows.
type htmlCell struct {
	Action, Word, Tip string
	Verdict           Verdict
	Why               []string
}

func (h *htmlMatrix) begin(m *Matrix) error {
	head := htmlHead{Principals: len(m.Principals), Keys: len(m.Keys), All: m.All}
	for _, action := range m.Actions {
		head.Actions = append(head.Actions, short(action))
	}
	return page.ExecuteTemplate(h.w, "head", head)
}

func (h *htmlMatrix) row(r *Row) error {
	out := htmlRow{Principal: r.Principal, Note: strings.Join(append(r.notes(), r.Unknown...), "; "), Key: r.Key, Aliases: r.target.Key.Aliases}
	for i := range r.Cells {
		c := &r.Cells[i]
		cell := htmlCell{Action: c.Action, Verdict: c.Verdict, Word: cellWords[c.Verdict], Why: c.lines(), Tip: c.tip()}
		out.Cells = append(out.Cells, cell)
	}
	return page.ExecuteTemplate(h.w, "row", out)
}

func (h *htmlMatrix) end() error {
	if err := page.ExecuteTemplate(h.w, "foot", nil); err != nil {
		return err
	}
	return h.w.Flush()
}

// lines say an answer in short lines: each way, what it rests on, and its conditions.
func (a *Access) lines() []string {
	if a.Verdict == Never {
		return nil
	}
	var out []string
	for i := range a.Ways {
		w := &a.Ways[i]
		out = append(out, "by "+byWhat(w.Reason))
		for _, s := range w.Statements {
			out = append(out, simulator.Where(s))
		}
		if len(w.If) > 0 {
			out = append(out, "if "+w.words())
		}
	}
	return out
}

// tip is where the first deciding statement stands.
func (a *Access) tip() string {
	if len(a.Ways) == 0 {
		return ""
	}
	text := "by " + byWhat(a.Ways[0].Reason)
	if len(a.Ways[0].Statements) > 0 {
		text += ": " + simulator.Where(a.Ways[0].Statements[0])
	}
	return text
}
