package main

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/strictkms/strictkms/rego"
)

func main() {
	for _, text := range []string{rego.DecisionModule, rego.LayersModule} {
		m := ast.MustParseModule(text)
		for _, r := range m.Rules {
			for e := r; e != nil; e = e.Else {
				fmt.Printf("RULE %s off=%d default=%v\n<<%s>>\n", e.Head.Name, e.Location.Offset, e.Default, e.Location.Text)
				fmt.Printf("  head <<%s>>\n", e.Head.Location.Text)
				for _, x := range e.Body {
					fmt.Printf("  expr off=%d match=%v <<%s>>\n", x.Location.Offset, text[x.Location.Offset:x.Location.Offset+len(x.Location.Text)] == string(x.Location.Text), x.Location.Text)
				}
				if e.Head.Value != nil {
					fmt.Printf("  value <<%s>> %v\n", e.Head.Value.Location.Text, e.Head.Value)
				}
			}
		}
	}
}
