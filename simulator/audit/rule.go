package audit

import (
	"embed"
	"path"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Rule is one thing to look for. It must not be changed.
type Rule struct {
	Code string `json:"code"` // KP and three digits; stable
	// Name is the rule in a few words with hyphens between them; stable.
	Name string `json:"name"`
	// Severity is that of most findings; Others are those that some findings have instead.
	Severity Severity   `json:"severity"`
	Others   []Severity `json:"other_severities,omitempty"`
	// Summary is what is found, Why in a sentence what is bad about it, and Fix what to write instead.
	Summary string `json:"summary"`
	Why     string `json:"why"`
	Fix     string `json:"fix"`
	// Source is the page of AWS's documents that the rule rests on.
	Source string `json:"source"`
	// Semantic is true when the rule asks the evaluator and false when it reads the text of one policy.
	Semantic bool `json:"semantic,omitempty"`
	// Also are the names of the same finding elsewhere, for example in IAM Access Analyzer.
	Also []string `json:"also,omitempty"`
	// Bad is a file in which the rule finds something, and nothing else does; in Good it finds nothing.
	Bad  Example `json:"bad"`
	Good Example `json:"good"`

	checks
}

// Example is a file that shows a rule.
type Example struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// checks are the parts of a rule that look for it, each optional.
type checks struct {
	// onStatement looks at each statement of a key policy, onIdentity at each of an identity policy.
	onStatement, onIdentity func(*pass, *statement)
	// onKey looks at each key policy, onGrants at each key with grants, onWorld at everything at once.
	onKey    func(*pass, *subject)
	onGrants func(*pass, *source.Key)
	onWorld  func(*pass)
	// diagnosed says which findings of package policy are this rule's, and how bad they are; at is what stands there.
	diagnosed func(d policy.Diagnostic, at element) bool
}

// The families of rules: the digit after KP.
var families = map[byte]string{
	'1': "Validity and dead statements",
	'2': "Lockout and manageability",
	'3': "Exposure and escalation",
	'4': "Conditions that do not do what they say",
	'5': "Deny and NotPrincipal",
	'6': "Policies that do not fit together",
	'9': "Suppressions",
}

// Family returns the family of the rule in words.
func (r *Rule) Family() string { return families[r.Code[2]] }

// Rules returns all rules by code.
func Rules() []*Rule { return slices.Clone(allRules) }

// LookupRule finds a rule by its code or its name, in any case.
func LookupRule(name string) (*Rule, bool) {
	for _, r := range allRules {
		if strings.EqualFold(r.Code, name) || strings.EqualFold(r.Name, name) {
			return r, true
		}
	}
	return nil, false
}

// allRules are the rules by code, with their examples.
var allRules = assemble(
	validityRules, documentRules, lockoutRules, exposureRules, grantRules, conditionRules, operandRules, denyRules, crossRules, deadRules, suppressionRules,
)

// earlyRules are the rules that need not know what others have found.
var earlyRules = slices.DeleteFunc(slices.Clone(allRules), func(r *Rule) bool { return slices.Contains(deadRules, r) })

//go:embed examples
var examples embed.FS

func assemble(lists ...[]*Rule) []*Rule {
	found := map[string]Example{}
	entries, err := examples.ReadDir("examples")
	if err != nil {
		panic(err) // it is in the program
	}
	for _, e := range entries {
		text, err := examples.ReadFile(path.Join("examples", e.Name()))
		if err != nil {
			panic(err)
		}
		name, _, _ := strings.Cut(e.Name(), ".")
		found[name] = Example{File: e.Name(), Text: string(text)}
	}
	all := slices.Concat(lists...)
	for _, r := range all {
		r.Bad, r.Good = found[r.Code+"-bad"], found[r.Code+"-good"]
	}
	slices.SortFunc(all, func(a, b *Rule) int { return strings.Compare(a.Code, b.Code) })
	return all
}
