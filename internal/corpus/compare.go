package corpus

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
)

// Problems lists what differs between a decision and what the case expects.
func (c Case) Problems(d evaluator.Decision) []string {
	var out []string
	differs := func(what string, want, got any) {
		out = append(out, fmt.Sprintf("%s: expected %v, got %v", what, want, got))
	}
	want := c.Expect
	if d.Decision != want.Decision {
		differs("decision", want.Decision, d.Decision)
	}
	if d.Reason != want.Reason {
		differs("reason", want.Reason, d.Reason)
	}
	if wanted, got := slices.Sorted(slices.Values(want.Statements)), slices.Sorted(slices.Values(deciding(d))); !slices.Equal(wanted, got) {
		differs("deciding statements", strings.Join(wanted, ", "), strings.Join(got, ", "))
	}
	for _, name := range want.Assumptions {
		if !slices.Contains(d.Assumptions, name) {
			differs("assumptions", name, strings.Join(d.Assumptions, ", "))
		}
	}
	for _, name := range want.NotAssumed {
		if slices.Contains(d.Assumptions, name) {
			differs("assumptions", "no "+name, strings.Join(d.Assumptions, ", "))
		}
	}
	if want.Layer != "" && !slices.Contains(denying(d), want.Layer) {
		differs("layers that deny", want.Layer, strings.Join(denying(d), ", "))
	}
	for _, layer := range slices.Sorted(maps.Keys(want.Outcomes)) {
		at := slices.IndexFunc(d.Layers, func(l evaluator.Layer) bool { return l.Layer == layer })
		if at < 0 {
			differs("outcome of "+layer, want.Outcomes[layer], "no such layer")
		} else if got := d.Layers[at].Outcome; got != want.Outcomes[layer] {
			differs("outcome of "+layer, want.Outcomes[layer], got)
		}
	}
	if want.Message != "" && d.Message != want.Message {
		differs("message", want.Message, d.Message)
	}
	if (d.Decision == evaluator.Deny) != (d.Message != "") {
		differs("message", "one for a denial and for nothing else", d.Message)
	}
	return out
}

// deciding names the statements that the verdict rests on.
func deciding(d evaluator.Decision) []string {
	var names []string
	for _, l := range d.Layers {
		for _, s := range l.Statements {
			switch {
			case !s.Deciding:
			case l.Layer == "grant":
				names = append(names, s.Policy)
			case s.Sid != "":
				names = append(names, s.Policy+"/"+s.Sid)
			default:
				names = append(names, s.Policy+"/"+strconv.Itoa(s.Index))
			}
		}
	}
	return names
}

func denying(d evaluator.Decision) []string {
	var layers []string
	for _, l := range d.Layers {
		if l.Outcome == "deny" {
			layers = append(layers, l.Layer)
		}
	}
	return slices.Compact(layers)
}
