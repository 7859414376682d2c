package access

import (
	"context"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// WhatCan is the answer to the question what a principal can do. Its JSON form is stable.
type WhatCan struct {
	Who
	// Keys are the keys that were asked about with what can be done with each, in the order in which they were loaded.
	Keys []KeyAccess `json:"keys"`
	// Other are the actions that act on no key.
	Other []ActionAccess `json:"other"`
}

// KeyAccess is what can be done with a key.
type KeyAccess struct {
	Key     string         `json:"key"`
	Unknown []string       `json:"unknown,omitempty"` // what could not be loaded about it
	Aliases []string       `json:"aliases,omitempty"`
	Actions []ActionAccess `json:"actions"`
}

// ActionAccess is whether and how an action can be done.
type ActionAccess struct {
	Action string `json:"action"`
	// Alias is the ARN of the alias that an action on an alias was asked about; it is empty where the key has none, and the
	// answer is then about the key's side only.
	Alias string `json:"alias,omitempty"`
	Access
}

// Target is a key that is asked about.
type Target struct {
	Key *evaluator.Key
	// Alias is the ARN of the alias that the key was named by, empty when it was not.
	Alias string
}

// Keys returns all keys of the world.
func (a *Asker) Keys() []Target {
	out := make([]Target, len(a.world.Keys))
	for i, k := range a.world.Keys {
		out[i].Key = &k.Key
	}
	return out
}

// WhatCan answers what a candidate can do with keys, and with nil targets with all keys and without one. Actions that
// it can never do are left out unless all is true.
func (a *Asker) WhatCan(ctx context.Context, c *source.Candidate, targets []Target, actions []*policy.Action, all bool) (*WhatCan, error) {
	out := &WhatCan{Who: whoOf(c), Keys: []KeyAccess{}, Other: []ActionAccess{}}
	whole := targets == nil
	if whole {
		targets = a.Keys()
	}
	for _, t := range targets {
		k := KeyAccess{Key: t.Key.ARN, Aliases: t.Key.Aliases, Unknown: t.Key.Unknown}
		var err error
		if k.Actions, err = a.actions(ctx, c, t, onKey(actions, true), all); err != nil {
			return nil, err
		}
		out.Keys = append(out.Keys, k)
	}
	if !whole {
		return out, nil
	}
	var err error
	out.Other, err = a.actions(ctx, c, Target{}, onKey(actions, false), all)
	return out, err
}

// onKey returns those of the actions that act on a key, or those that do not.
func onKey(actions []*policy.Action, on bool) []*policy.Action {
	var out []*policy.Action
	for _, action := range actions {
		if action.On("key") == on {
			out = append(out, action)
		}
	}
	return out
}

// actions asks about one action after the other.
func (a *Asker) actions(ctx context.Context, c *source.Candidate, t Target, actions []*policy.Action, all bool) ([]ActionAccess, error) {
	answers := make([]ActionAccess, len(actions))
	err := each(ctx, len(actions), func(ctx context.Context, i int) error {
		answers[i] = ActionAccess{Action: actions[i].Name}
		if actions[i].On("alias") {
			answers[i].Alias = t.alias()
		}
		q := a.question(c, actions[i], t.Key, answers[i].Alias)
		var err error
		answers[i].Access, err = a.access(ctx, &q)
		return err
	})
	out := []ActionAccess{}
	for _, answer := range answers {
		if all || answer.Verdict != Never {
			out = append(out, answer)
		}
	}
	return out, err
}

// alias is the ARN of the alias that the key was named by, or of its first one, empty when it has none.
func (t Target) alias() string {
	if t.Alias != "" || t.Key == nil || len(t.Key.Aliases) == 0 {
		return t.Alias
	}
	prefix, _, _ := strings.Cut(t.Key.ARN, "key/")
	return prefix + t.Key.Aliases[0]
}
