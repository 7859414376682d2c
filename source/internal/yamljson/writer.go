package yamljson

import (
	"bytes"
	"encoding/json"
	"sort"

	"github.com/strictkms/strictkms/policy"
)

// Locate returns the position in the source of the byte at an offset of rendered JSON.
type Locate func(offset int) policy.Position

// Writer writes JSON and remembers where it came from. The zero value is an empty Writer.
type Writer struct {
	out   []byte
	marks []mark // by offset
}

// mark says where the JSON from an offset on comes from.
type mark struct {
	offset int
	pos    policy.Position
}

// Mark says that what is written next comes from pos.
func (w *Writer) Mark(pos policy.Position) {
	w.marks = append(w.marks, mark{len(w.out), pos})
}

// Raw writes JSON as it is.
func (w *Writer) Raw(text string) { w.out = append(w.out, text...) }

// String writes a JSON string. Nothing is escaped that JSON does not ask for: a policy has a size limit.
func (w *Writer) String(s string) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	w.out = append(w.out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// Bytes returns what was written.
func (w *Writer) Bytes() []byte { return w.out }

// Locate maps an offset of what was written to where it came from: the zero position before the first mark.
func (w *Writer) Locate(offset int) policy.Position {
	n := sort.Search(len(w.marks), func(i int) bool { return w.marks[i].offset > offset })
	if n == 0 {
		return policy.Position{}
	}
	return w.marks[n-1].pos
}
