package policy

import (
	"crypto/sha256"
	"fmt"
)

// Option changes how [Parse] reads a document.
type Option func(*options)

type options struct {
	file       string
	arn        string
	locate     func(offset int) Position
	noLimit    bool
	unresolved bool
}

// WithFile names the file that positions are in.
func WithFile(file string) Option { return func(o *options) { o.file = file } }

// WithARN sets the ARN of a managed policy, an SCP or an RCP. IAM limits managed policies to
// another size than inline ones.
func WithARN(arn string) Option { return func(o *options) { o.arn = arn } }

// WithLocator gives the function that maps a byte offset in the source to a position in the
// document that the source was made from, for example a template.
func WithLocator(locate func(offset int) Position) Option {
	return func(o *options) { o.locate = locate }
}

// WithoutSizeLimit accepts documents that are larger than AWS accepts.
func WithoutSizeLimit() Option { return func(o *options) { o.noLimit = true } }

// WithUnresolved makes the rune [Unresolved] in a string mean that the source could not compute
// the string; see [Value]. Such strings are not checked.
func WithUnresolved() Option { return func(o *options) { o.unresolved = true } }

// Unresolved is the private-use rune that marks a string as unresolved under [WithUnresolved].
const Unresolved = '\uE000'

// Parse reads a policy document of the given kind; the name is what explanations call it.
// The document is nil when, and only when, there is an error among the diagnostics, which are
// sorted by position and include warnings about a document that could be read.
func Parse(kind Kind, name string, src []byte, opts ...Option) (*Document, Diagnostics) {
	p := &parser{kind: kind, src: src, sids: map[string]int{}}
	for _, o := range opts {
		o(&p.options)
	}
	doc := p.document()
	p.diags.Sort()
	if p.diags.HasErrors() {
		return nil, p.diags
	}
	doc.Name, doc.ARN, doc.Digest = name, p.arn, p.digest()
	return doc, p.diags
}

// parser holds what is the same for all parts of one document.
type parser struct {
	options
	kind    Kind
	src     []byte
	version Version
	lines   []int          // offsets of line starts, made when first needed
	sids    map[string]int // offset of the first use of each Sid
	diags   Diagnostics
}

// digest covers all that the meaning of a document depends on.
func (p *parser) digest() [sha256.Size]byte {
	h := sha256.New()
	h.Write(fmt.Appendf(nil, "strictkms policy %d %t\n", p.kind, p.unresolved))
	h.Write(p.src)
	return [sha256.Size]byte(h.Sum(nil))
}

func (p *parser) document() *Document {
	if p.kind.String() == unknownName {
		p.fail(CodeUnknownKind, 0, "the kind of policy is not known")
		return nil
	}
	p.checkSize()
	if !p.checkText() || !p.checkDepth() || !p.checkJSON() {
		return nil
	}
	p.checkCharacters()
	root := p.tree()
	if root.kind != jsonObject {
		p.wrongType(root, "a policy document", "a JSON object")
		return nil
	}
	e := p.elements(root, "a policy document", documentElements)
	doc := &Document{Kind: p.kind, Pos: p.pos(root.offset)}
	p.version = p.versionElement(root, e["Version"])
	doc.Version = p.version
	if id := e["Id"]; id != nil {
		doc.ID = p.plainString(&id.value, "Id")
		if p.kind.isIAM() && p.kind != TrustPolicy {
			p.warn(CodeNoEffect, id.offset, "Id belongs in resource policies; IAM has no use for it")
		}
	}
	doc.Statements = p.statements(root, e["Statement"])
	return doc
}

// versionElement reads Version. Organizations asks for 2012-10-17
// (https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html#rcp-syntax-version).
func (p *parser) versionElement(root *node, m *member) Version {
	version, offset := Version2008, root.offset
	if m != nil {
		offset = m.value.offset
		text := p.plainString(&m.value, "Version")
		switch {
		case m.value.kind != jsonString:
			return Version2012 // what was meant is not known; the newest has the most checks
		case text == Version2012.String():
			return Version2012
		case text != Version2008.String():
			p.fail(CodeUnknownVersion, offset, "unknown Version %q: expected %q or %q", text, Version2012, Version2008)
			return Version2012
		}
	}
	switch p.kind {
	case ResourceControlPolicy:
		p.fail(CodeUnknownVersion, offset, "a resource control policy must have Version %q", Version2012)
	case ServiceControlPolicy:
		p.warn(CodeUnknownVersion, offset, "a service control policy must have Version %q", Version2012)
	default:
	}
	return version
}

func (p *parser) statements(root *node, m *member) []*Statement {
	if m == nil {
		p.fail(CodeMissingElement, root.offset, "Statement is missing")
		return nil
	}
	list := []node{m.value}
	switch m.value.kind {
	case jsonObject:
	case jsonArray:
		list = m.value.elems
		if len(list) == 0 {
			p.fail(CodeEmptyList, m.value.offset, "Statement has no statements")
		}
	default:
		p.wrongType(&m.value, "Statement", "an object or an array of objects")
		return nil
	}
	out := make([]*Statement, 0, len(list))
	for i := range list {
		out = append(out, p.statement(i, &list[i]))
	}
	return out
}

// fail notes an error at the offset.
func (p *parser) fail(code string, offset int, format string, args ...any) {
	p.diags = append(p.diags, Diagnostic{
		Code: code, Severity: SeverityError, Message: fmt.Sprintf(format, args...), Pos: p.pos(offset),
	})
}

// warn notes a warning at the offset.
func (p *parser) warn(code string, offset int, format string, args ...any) {
	p.diags = append(p.diags, Diagnostic{
		Code: code, Severity: SeverityWarning, Message: fmt.Sprintf(format, args...), Pos: p.pos(offset),
	})
}

// related adds a place to the last finding.
func (p *parser) related(offset int) {
	d := &p.diags[len(p.diags)-1]
	d.Related = append(d.Related, p.pos(offset))
}

func (p *parser) wrongType(n *node, what, want string) {
	p.fail(CodeWrongType, n.offset, "%s is %s: expected %s", what, n.kind, want)
}
