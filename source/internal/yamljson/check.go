package yamljson

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// maxNodes bounds the size of a document after its aliases are followed, so that a few lines of
// nested aliases cannot stand for gigabytes.
const maxNodes = 1_000_000

// checker walks a document once.
type checker struct {
	file  *File
	diags policy.Diagnostics
	open  map[*yaml.Node]bool // what the walk is inside of
	nodes int
}

// check reports repeated keys, cyclic aliases, merge keys and documents that are too large.
func (f *File) check(root *yaml.Node) policy.Diagnostics {
	c := &checker{file: f, open: map[*yaml.Node]bool{}}
	c.walk(root)
	return c.diags
}

func (c *checker) walk(n *yaml.Node) {
	c.nodes++
	if c.nodes > maxNodes {
		if c.nodes == maxNodes+1 {
			c.report("document-too-large", n, "expected at most "+strconv.Itoa(maxNodes)+" values, aliases followed")
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		if c.open[n.Alias] {
			c.report("cyclic-alias", n, "the alias *"+n.Value+" contains itself")
			return
		}
		c.walk(n.Alias)
		return
	}
	c.open[n] = true
	if n.Kind == yaml.MappingNode {
		c.keys(n)
	}
	for _, child := range n.Content {
		c.walk(child)
	}
	delete(c.open, n)
}

// keys checks the keys of one mapping.
func (c *checker) keys(n *yaml.Node) {
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := Resolve(n.Content[i])
		switch {
		case key.Kind != yaml.ScalarNode:
			c.report("key-not-text", n.Content[i], "expected a text as the name of a field")
		case key.ShortTag() == "!!merge":
			c.report("merge-key", n.Content[i], "merge keys (<<) are not supported: write the fields out or use an alias for the whole value")
		case seen[key.Value] != nil:
			c.report("duplicate-key", n.Content[i], "the name "+strconv.Quote(key.Value)+" is used twice", c.file.Position(seen[key.Value]))
		default:
			seen[key.Value] = n.Content[i]
		}
	}
}

func (c *checker) report(code string, n *yaml.Node, message string, related ...policy.Position) {
	d := c.file.problem(code, c.file.Position(n), message)
	d.Related = related
	c.diags = append(c.diags, d)
}

// Resolve follows an alias to the value it stands for.
func Resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
