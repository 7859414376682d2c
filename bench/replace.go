package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/strictkms/strictkms/bench/internal/measure"
	"github.com/strictkms/strictkms/bench/internal/scenario"
	"github.com/strictkms/strictkms/bench/internal/strict"
	"github.com/strictkms/strictkms/evaluator"
)

// fleet is a world of many keys, each with a policy of its own that names a role of its own.
type fleet struct {
	evaluator *evaluator.Evaluator
	template  []byte // the policy, for a role named app
	keys      []*evaluator.Key
	roles     []string // the name of the role that the policy of the key names
	made      int      // policies made so far: no two are the same
}

// newFleet makes the keys and decides once about each, so that every policy is compiled.
func newFleet(keys, statements int) (*fleet, error) {
	f := &fleet{
		evaluator: evaluator.New(strict.World{}),
		template:  scenario.Document(scenario.Statements(statements).KeyPolicy),
	}
	for range keys {
		if err := f.add(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// add adds a key.
func (f *fleet) add() error {
	f.keys, f.roles = append(f.keys, nil), append(f.roles, "")
	text, role := f.text()
	return f.put(len(f.keys)-1, text, role)
}

// text returns a policy that no key had before, and the role that it names.
func (f *fleet) text() (text []byte, role string) {
	f.made++
	role = fmt.Sprintf("app-%d", f.made)
	return bytes.ReplaceAll(f.template, []byte(":role/app\""), []byte(":role/"+role+"\"")), role
}

// put gives a key a new policy and decides by it.
func (f *fleet) put(i int, text []byte, role string) error {
	key, err := strict.NewKey(keyARN(i), text)
	if err != nil {
		return err
	}
	f.keys[i], f.roles[i] = key, role
	return f.decide(i)
}

// decide asks a question that only the statement for the key's own role allows.
func (f *fleet) decide(i int) error {
	decision, err := f.evaluator.Authorize(context.Background(), evaluator.Request{
		Principal: &evaluator.Principal{
			Type: evaluator.RoleSession, Account: scenario.Account, Name: "session",
			ARN:    "arn:aws:sts::" + scenario.Account + ":assumed-role/" + f.roles[i] + "/session",
			Issuer: "arn:aws:iam::" + scenario.Account + ":role/" + f.roles[i],
		},
		Action: "kms:Decrypt", Key: f.keys[i],
		Context: evaluator.Context{"kms:EncryptionContext:app": {"x"}, "aws:SecureTransport": {"true"}},
	})
	if err == nil && decision.Decision != evaluator.Allow {
		err = fmt.Errorf("key %d: %s because of %s", i, decision.Decision, decision.Reason)
	}
	return err
}

// keyARN numbers the keys of a fleet.
func keyARN(i int) string {
	return fmt.Sprintf("arn:aws:kms:us-east-1:%s:key/00000000-0000-4000-8000-%012x", scenario.Account, i)
}

// replacement prints what it costs until a new policy of ten statements decides.
func replacement(p *printer, o options) error {
	p.printf("Replacing one key policy of 10 statements: parse, translate, compile and decide by it once.\n\n")
	rows := [][]string{{"keys in the world", "median", "slowest"}}
	for _, keys := range []int{10, 1000, 10000} {
		f, err := newFleet(keys, 10)
		if err != nil {
			return err
		}
		samples := make([]time.Duration, 0, 20*o.rounds)
		for i := range cap(samples) {
			text, role := f.text()
			start := time.Now()
			if err := f.put(i*7919%keys, text, role); err != nil {
				return err
			}
			samples = append(samples, time.Since(start))
		}
		median := measure.Median(samples)
		rows = append(rows, []string{strconv.Itoa(keys), milli(median), milli(samples[len(samples)-1])})
	}
	p.table(rows)
	return p.err
}
