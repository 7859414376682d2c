package scenario

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Document returns the statements as the JSON text of a policy document.
func Document(statements []Statement) []byte {
	list := make([]map[string]any, len(statements))
	for i, s := range statements {
		effect := "Allow"
		if s.Deny {
			effect = "Deny"
		}
		list[i] = map[string]any{"Sid": s.Sid, "Effect": effect, "Action": s.Actions, "Resource": s.Resources}
		if s.Principals != nil {
			list[i]["Principal"] = map[string]any{"AWS": s.Principals}
		}
		if len(s.Conditions) > 0 {
			operators := map[string]map[string][]string{}
			for _, c := range s.Conditions {
				if operators[c.Operator] == nil {
					operators[c.Operator] = map[string][]string{}
				}
				operators[c.Operator][c.Key] = c.Values
			}
			list[i]["Condition"] = operators
		}
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		panic(err) // strings and lists of strings always marshal
	}
	return text
}

// ExpandActions returns the actions that the patterns stand for; all is true when they are all of them.
func ExpandActions(patterns []string) (actions []string, all bool) {
	for _, pattern := range patterns {
		if pattern == "kms:*" {
			return nil, true
		}
		prefix, wild := strings.CutSuffix(pattern, "*")
		for _, action := range Actions {
			if action == pattern || wild && strings.HasPrefix(action, prefix) {
				actions = append(actions, action)
			}
		}
	}
	return actions, false
}

// addEncryptionContext adds the condition keys that an encryption context gives a request.
func addEncryptionContext(context map[string][]string, pairs map[string]string) {
	if len(pairs) == 0 {
		return
	}
	for key, value := range pairs {
		context["kms:EncryptionContext:"+key] = []string{value}
	}
	context["kms:EncryptionContextKeys"] = slices.Sorted(maps.Keys(pairs))
}
