package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Baseline are findings that were there before anybody looked: they are left out until they are gone. It does not hold
// lines, so that it stays good when a file is edited elsewhere.
type Baseline struct {
	Version  int             `json:"version"`
	Findings []BaselineEntry `json:"findings"`
}

// BaselineEntry is one finding of a baseline, or several that differ in their place only.
type BaselineEntry struct {
	Code    string `json:"code"`
	File    string `json:"file"`
	Policy  string `json:"policy,omitempty"`
	Sid     string `json:"sid,omitempty"`
	Message string `json:"message"`
	Count   int    `json:"count"`
}

const baselineVersion = 1

// NewBaseline makes a baseline of the findings that nothing else leaves out.
func NewBaseline(findings []Finding) Baseline {
	b := Baseline{Version: baselineVersion, Findings: []BaselineEntry{}}
	at := map[BaselineEntry]int{}
	for _, f := range findings {
		if f.Suppressed != nil && f.Suppressed.By != byBaseline {
			continue
		}
		e := entryOf(&f)
		i, ok := at[e]
		if !ok {
			i = len(b.Findings)
			at[e] = i
			b.Findings = append(b.Findings, e)
		}
		b.Findings[i].Count++
	}
	slices.SortFunc(b.Findings, func(x, y BaselineEntry) int {
		return cmp.Or(strings.Compare(x.File, y.File), strings.Compare(x.Code, y.Code), strings.Compare(x.Policy, y.Policy),
			strings.Compare(x.Sid, y.Sid), strings.Compare(x.Message, y.Message))
	})
	return b
}

func entryOf(f *Finding) BaselineEntry {
	return BaselineEntry{Code: f.Code, File: filepath.ToSlash(f.Position.File), Policy: f.Policy, Sid: f.Sid, Message: f.Message}
}

const byBaseline = "baseline"

// Apply marks the findings that the baseline has, and returns how many of its findings are gone.
func (b Baseline) Apply(findings []Finding) (gone int) {
	left := map[BaselineEntry]int{}
	for _, e := range b.Findings {
		count := e.Count
		e.Count = 0
		left[e] += count
	}
	for i := range findings {
		f := &findings[i]
		if e := entryOf(f); f.Suppressed == nil && left[e] > 0 {
			left[e]--
			f.Suppressed = &Suppressed{Reason: "it was there when the baseline was made", By: byBaseline}
		}
	}
	for _, n := range left {
		gone += n
	}
	return gone
}

// Write writes the baseline for people to read and for version control to compare.
func (b Baseline) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(b)
}

// ReadBaseline reads a baseline. The error has the place of the first mistake.
func ReadBaseline(file string, src []byte) (Baseline, error) {
	var b Baseline
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	err := d.Decode(&b)
	at := d.InputOffset()
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = syntax.Offset
	} else if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at = typ.Offset
	}
	switch {
	case err != nil:
		return Baseline{}, fmt.Errorf("%s: expected a baseline of strictkms audit: %s", place(file, src, at), strings.TrimPrefix(err.Error(), "json: "))
	case b.Version != baselineVersion:
		return Baseline{}, fmt.Errorf("%s: baseline of version %d: expected version %d", place(file, src, 0), b.Version, baselineVersion)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Baseline{}, fmt.Errorf("%s: expected nothing after the baseline", place(file, src, d.InputOffset()))
	}
	return b, nil
}

// place is the position of a byte.
func place(file string, src []byte, offset int64) policy.Position {
	before := src[:min(max(offset, 0), int64(len(src)))]
	return policy.Position{
		File: file, Line: bytes.Count(before, []byte("\n")) + 1, Column: len(before) - bytes.LastIndexByte(before, '\n'),
	}
}
