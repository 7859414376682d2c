package suppressions

import (
	"path"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// Text is a text of a file and where it stands.
type Text struct {
	Value string
	Pos   policy.Position
}

// Severity gives the findings of a rule another severity.
type Severity struct{ Rule, Severity Text }

// Config is what a configuration file says about an audit.
type Config struct {
	// FailOn is the severity from which on findings fail; empty when the file does not say.
	FailOn     Text
	Severities []Severity
	Ignore     []Suppression
}

// ReadConfig reads a configuration file. The error is a [policy.Diagnostics] with every problem of the file.
func ReadConfig(name string, src []byte) (*Config, error) {
	doc, diags := yamljson.Parse(name, src, yamljson.Options{Expected: "a configuration of strictkms, with audit"})
	if doc == nil {
		return nil, diags
	}
	r := &reader{Reader: yamljson.Reader{File: doc, Diags: diags}}
	c := &Config{}
	r.Fields(doc.Root, "the configuration", map[string]func(*yaml.Node){
		"audit": func(n *yaml.Node) { r.audit(n, c) },
	})
	if len(r.Diags) > 0 {
		r.Diags.Sort()
		return nil, r.Diags
	}
	return c, nil
}

func (r *reader) audit(n *yaml.Node, c *Config) {
	r.Fields(n, "audit", map[string]func(*yaml.Node){
		"fail-on": func(n *yaml.Node) { c.FailOn = r.text(n, "a severity") },
		"severity": func(n *yaml.Node) {
			r.Entries(n, "severities by rule", func(name string, key, value *yaml.Node) {
				c.Severities = append(c.Severities, Severity{Text{name, r.File.Position(key)}, r.text(value, "a severity")})
			})
		},
		"ignore": func(n *yaml.Node) {
			r.Items(n, "suppressions", func(n *yaml.Node) {
				s := Suppression{Origin: FromConfiguration, Pos: r.File.Position(n)}
				r.suppression(n, &s, map[string]*string{"code": &s.Rule, "reason": &s.Reason, "file": &s.File, "sid": &s.Sid, "key": &s.Key})
				if _, err := path.Match(s.File, ""); err != nil {
					r.Fail("bad-pattern", n, "the file pattern is malformed: expected a path in which * and ? are wildcards")
				}
				c.Ignore = append(c.Ignore, s)
			})
		},
	})
}

func (r *reader) text(n *yaml.Node, what string) Text {
	text, _ := r.Text(n, what)
	return Text{text, r.File.Position(n)}
}
