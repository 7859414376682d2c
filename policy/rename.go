package policy

import (
	"encoding/json"
	"strings"
)

// RenamePrincipals returns the text of a policy, which the document was parsed from, with other names in the place of
// principals, and with every other byte as it was. A principal that is not where the document says stays as it is.
func (d *Document) RenamePrincipals(text string, names map[string]string) string {
	var out strings.Builder
	done := 0
	for _, statement := range d.Statements {
		if statement.Principals == nil {
			continue
		}
		for _, p := range statement.Principals.Values {
			name, ok := names[p.Text]
			at := p.Pos.Offset
			if !ok || at < done || at >= len(text) {
				continue
			}
			decoder := json.NewDecoder(strings.NewReader(text[at:]))
			var written string
			if err := decoder.Decode(&written); err != nil || written != p.Text {
				continue
			}
			out.WriteString(text[done:at] + `"` + name + `"`)
			done = at + int(decoder.InputOffset())
		}
	}
	return out.String() + text[done:]
}
