package awsquery

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/strictkms/strictkms/internal/operation"
)

// The limits of a form, beside that of the body. The largest inputs of the APIs here are far below: SimulateCustomPolicy
// with its lists has some thousand parameters, and no member is deeper than Entries.member.N.Values.member.N.
const (
	maxParameters = 10_000
	maxDepth      = 16
	maxIndex      = 100_000
)

// Form are the parameters of a request as a tree.
type Form struct {
	Action, Version string
	root            *node
}

// node is a parameter, or what the parameters with a common beginning share.
type node struct {
	value    string
	given    bool // there is a parameter of this name, and not only longer ones
	children map[string]*node
}

// Parse reads a form: the body of a POST, or the query of a GET.
func Parse(text string) (*Form, error) {
	if strings.Count(text, "&") >= maxParameters {
		return nil, malformed("The request has too many parameters.")
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, malformed("The query string contains a syntax error.")
	}
	f := &Form{root: &node{}}
	for name, texts := range values {
		switch {
		case len(texts) > 1:
			return nil, malformed("The parameter " + quoted(name) + " is there more than once.")
		case !utf8.ValidString(name) || !utf8.ValidString(texts[0]):
			return nil, malformed("The query string is not UTF-8.")
		}
		if err := f.root.add(name, texts[0]); err != nil {
			return nil, err
		}
	}
	f.Action, f.Version = f.root.take("Action"), f.root.take("Version")
	return f, nil
}

// add puts a parameter where its name says.
func (n *node) add(name, value string) error {
	if strings.Count(name, ".") >= maxDepth {
		return malformed("The parameter " + quoted(name) + " is too deep.")
	}
	for part := range strings.SplitSeq(name, ".") {
		child := n.children[part]
		if child == nil {
			child = &node{}
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[part] = child
		}
		n = child
	}
	n.value, n.given = value, true
	return nil
}

// take removes a parameter without parts.
func (n *node) take(name string) string {
	child := n.children[name]
	if child == nil || !child.given {
		return ""
	}
	delete(n.children, name)
	return child.value
}

// members are the parts NAME.1, NAME.2, … of a list or map in their order. Numbers may be left out, as AWS lets them.
func (n *node) members(name, path string) ([]*node, error) {
	list := n.children[name]
	if list == nil || len(n.children) > 1 {
		return nil, operation.Errorf(operation.CodeMalformedInput, "Expected %s.%s.1 in %s", path, name, path)
	}
	numbers := make([]int, 0, len(list.children))
	for part := range list.children {
		number, err := strconv.Atoi(part)
		if err != nil || number < 1 || number > maxIndex || strconv.Itoa(number) != part {
			return nil, operation.Errorf(operation.CodeMalformedInput, "Unexpected index %s in %s", quoted(part), path)
		}
		numbers = append(numbers, number)
	}
	if list.given || len(numbers) == 0 {
		return nil, operation.Errorf(operation.CodeMalformedInput, "Unexpected list element termination in %s", path)
	}
	slices.Sort(numbers)
	out := make([]*node, len(numbers))
	for i, number := range numbers {
		out[i] = list.children[strconv.Itoa(number)]
	}
	return out, nil
}

func malformed(message string) error {
	return operation.Errorf(operation.CodeMalformedQueryString, "%s", message)
}

// quoted cuts what a message quotes of a request to what is worth reading.
func quoted(name string) string {
	const most = 128
	if len(name) > most {
		name = name[:most] + "…"
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}
