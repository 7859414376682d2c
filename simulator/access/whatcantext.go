package access

import (
	"fmt"
	"io"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// WriteText writes the answer for a person: the actions of a key that are allowed in the same way stand together.
func (a *WhatCan) WriteText(w io.Writer) error {
	p := newPrinter(w)
	p.line("WHAT CAN  %s", a.Who)
	p.unknown("  ", a.Unknown)
	for i := range a.Keys {
		k := &a.Keys[i]
		name := k.Key
		if len(k.Aliases) > 0 {
			name += "  " + strings.Join(k.Aliases, ", ")
		}
		p.line("%s", name)
		p.unknown("  ", k.Unknown)
		p.actions(k.Actions)
	}
	if len(a.Other) > 0 {
		p.line("without a key")
		p.actions(a.Other)
	}
	return p.w.Flush()
}

// actions writes actions in groups of those that have the same family and answer.
func (p *printer) actions(list []ActionAccess) {
	if len(list) == 0 {
		p.line("  nothing")
		return
	}
	var order []string
	groups := map[string][]*ActionAccess{}
	for i := range list {
		id := list[i].sameAs()
		if groups[id] == nil {
			order = append(order, id)
		}
		groups[id] = append(groups[id], &list[i])
	}
	for _, id := range order {
		group := groups[id]
		names := make([]string, len(group))
		for i, a := range group {
			names[i] = strings.TrimPrefix(a.Action, "kms:")
		}
		first := group[0]
		p.line("  %-13s  %s", first.family(), strings.Join(names, ", "))
		if note := first.aliasNote(); note != "" {
			p.line("    %s", note)
		}
		p.line("    %s", verdictWords[first.Verdict])
		p.access("      ", &first.Access)
	}
}

// verdictWords say a verdict for a person.
var verdictWords = map[Verdict]string{Always: "always", Conditional: "under conditions", Never: "never"}

func (a *ActionAccess) family() Family {
	action, ok := policy.LookupAction(a.Action)
	if !ok { // not reached: it was asked about
		return ""
	}
	return familyOf(action)
}

// aliasNote says which alias was asked about.
func (a *ActionAccess) aliasNote() string {
	action, _ := policy.LookupAction(a.Action)
	switch {
	case action == nil || !action.On("alias"):
		return ""
	case a.Alias == "":
		return "on the side of the key; the alias needs an IAM policy besides"
	default:
		return "for " + a.Alias
	}
}

// sameAs tells actions apart whose answers read differently.
func (a *ActionAccess) sameAs() string {
	var b strings.Builder
	fmt.Fprint(&b, a.family(), a.Verdict, a.Reason, a.aliasNote(), a.WaysOmitted)
	for i := range a.Ways {
		fmt.Fprint(&b, "\x00", a.Ways[i].Reason, a.Ways[i].words())
		for _, s := range a.Ways[i].Statements {
			fmt.Fprint(&b, "\x00", s.Policy, s.Index, s.Source)
		}
	}
	return b.String()
}
