package yamljson

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/policy"
)

// maxDepth bounds how deep mappings and lists may nest, aliases followed. No document that is written
// by or for people comes near.
const maxDepth = 200

// maxNodes bounds the size of a document after its aliases are followed, so that a few lines of
// nested aliases cannot stand for gigabytes.
const maxNodes = 1_000_000

// checker walks over every node once, however many aliases point at it.
type checker struct {
	file   *File
	diags  policy.Diagnostics
	broken bool // the document cannot be used
	done   map[*yaml.Node]extent
	open   map[*yaml.Node]bool // what the walk is inside of
}

// extent is what a node and everything in it come to, aliases followed.
type extent struct{ nodes, height int }

func newChecker(f *File) *checker {
	return &checker{file: f, done: map[*yaml.Node]extent{}, open: map[*yaml.Node]bool{}}
}

// walk checks a node at a depth.
func (c *checker) walk(n *yaml.Node, depth int) extent {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		if c.open[n.Alias] {
			c.stop("cyclic-alias", n, "the alias *"+n.Value+" stands inside what it points at")
			return extent{}
		}
		if target := c.done[n.Alias]; depth+target.height > maxDepth {
			c.tooDeep(n)
		}
		return c.done[n.Alias]
	}
	if depth >= maxDepth && len(n.Content) > 0 {
		c.tooDeep(n)
		return extent{1, 1}
	}
	c.open[n] = true
	if n.Kind == yaml.MappingNode {
		c.keys(n)
	}
	e := extent{nodes: 1}
	for _, child := range n.Content {
		in := c.walk(child, depth+1)
		e.nodes, e.height = min(e.nodes+in.nodes, maxNodes+1), max(e.height, in.height+1)
	}
	delete(c.open, n)
	c.done[n] = e
	if e.nodes > maxNodes && !c.broken {
		c.stop("document-too-large", n, fmt.Sprintf("this stands for more than %d values, aliases followed", maxNodes))
	}
	return e
}

// keys checks the keys of one mapping and leaves out what is wrong.
func (c *checker) keys(n *yaml.Node) {
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	kept := make([]*yaml.Node, 0, len(n.Content))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := Resolve(n.Content[i])
		switch {
		case key.Kind != yaml.ScalarNode:
			c.report("wrong-type", n.Content[i], "expected a string as key of a mapping")
		case key.ShortTag() == "!!merge":
			c.report("yaml-merge", n.Content[i], "YAML merge keys (<<) are not supported: write the keys out")
		case seen[key.Value] != nil:
			c.report("duplicate-key", n.Content[i], "the key "+quote(key.Value)+" is already in this mapping", c.file.Position(seen[key.Value]))
		default:
			seen[key.Value] = n.Content[i]
			kept = append(kept, n.Content[i], n.Content[i+1])
			continue
		}
		c.walk(n.Content[i+1], 0) // for its mistakes; aliases may point at it
	}
	n.Content = kept
}

func (c *checker) tooDeep(n *yaml.Node) {
	if !c.broken {
		c.stop("too-deep", n, fmt.Sprintf("the text nests deeper than %d levels", maxDepth))
	}
}

// stop reports what makes the document unusable.
func (c *checker) stop(code string, n *yaml.Node, message string) {
	c.broken = true
	c.report(code, n, message)
}

func (c *checker) report(code string, n *yaml.Node, message string, related ...policy.Position) {
	c.diags = append(c.diags, c.file.problem(code, c.file.Position(n), message, related...))
}

// quote quotes a text for a message, shortened when it is long.
func quote(text string) string {
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return strconv.Quote(text)
}

// Resolve follows an alias to the value it stands for.
func Resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}
