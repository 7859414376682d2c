package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
)

// allUnknown opens every condition key that is not known.
const allUnknown = "*"

// readUnknown reads the values of --unknown and reports every one that is wrong. given are the keys of --context.
func readUnknown(texts []string, given evaluator.Context) (evaluator.Unknown, error) {
	var (
		u    evaluator.Unknown
		errs []error
	)
	for _, text := range texts {
		if text == allUnknown {
			u.Others = true
			continue
		}
		if err := checkUnknown(text, given); err != nil {
			errs = append(errs, fmt.Errorf("--unknown %s: %w", text, err))
		}
		u.Keys = append(u.Keys, text)
	}
	return u, errors.Join(errs...)
}

// checkUnknown refuses what is no condition key or family of them, and a key that the question gives.
func checkUnknown(text string, given evaluator.Context) error {
	prefix, family := strings.CutSuffix(text, "*")
	service, name, ok := strings.Cut(prefix, ":")
	if !ok || service == "" || name == "" && !family || strings.Contains(prefix, "*") {
		return errors.New("expected a condition key such as kms:ViaService, a family such as kms:EncryptionContext:*, or *")
	}
	for known := range given {
		if strings.EqualFold(text, known) {
			return errors.New("--context says what it is")
		}
	}
	if _, known := policy.LookupConditionKey(text); known || family || !hasConditionKeys(service) {
		return nil
	}
	return fmt.Errorf("there is no such condition key; nearest: %s", strings.Join(policy.ClosestNames(text, conditionKeyNames(), 3), ", "))
}

// hasConditionKeys reports whether the catalogue knows the condition keys of a service.
func hasConditionKeys(service string) bool {
	return slices.ContainsFunc(policy.ConditionKeys(), func(k *policy.ConditionKey) bool { return strings.EqualFold(k.Service(), service) })
}

func conditionKeyNames() []string {
	keys := policy.ConditionKeys()
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return names
}

// setUnknown leaves condition keys open.
func (p *canParams) setUnknown(q *simulator.Question) error {
	given := evaluator.Context{}
	if err := readContext(given, p.context); err != nil {
		return nil //nolint:nilerr // reported already
	}
	var err error
	q.Unknown, err = readUnknown(p.unknown, given)
	return err
}

// isOpen reports whether --unknown opens a key that would have a value by default.
func (p *canParams) isOpen(name string) bool {
	return slices.ContainsFunc(p.unknown, func(open string) bool { return open != allUnknown && opens(open, name) })
}
