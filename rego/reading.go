package rego

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// Readings say how each assumption is read. The zero value reads all of them as docs/assumptions.md gives as
// the default. Readings can be compared.
type Readings struct {
	chosen [assumptionCount]uint8 // places in the list of readings, in the order of [Assumptions]
}

// The readings that the code asks about. Each belongs to one assumption; see docs/assumptions.md.
const (
	readNobody     = "nobody"
	ReadNeedsIAM   = "needs-iam"
	readMatch      = "match"
	readRootOnly   = "root-only"
	readEveryone   = "everyone"
	ReadCut        = "cut"
	ReadSurvives   = "survives"
	readFoldedKeys = "keys-insensitive"
	readSuffices   = "suffices"
	ReadAsInIAM    = "as-in-iam"
	ReadAnyValue   = "any-value"
	readAllListed  = "all-listed"
	readMatches    = "matches"
	readOnlyStar   = "only-star"
	readIgnored    = "ignored"
	readLimited    = "limited"

	// ReadServiceLinked is the reading of [ServiceRoleViaService] that gives sessions of service-linked roles the
	// kms:ViaService of their service.
	ReadServiceLinked = "service-linked"
)

// assumptionCount is the number of assumptions.
const assumptionCount = 14

// assumptions are all assumptions with their readings, sorted by name; the first reading is the default.
var assumptions = [assumptionCount]struct {
	name     Assumption
	readings []string
}{
	{FederatedProvider, []string{"as-role", readNobody}},
	{FederationUserSilent, []string{"allowed", ReadNeedsIAM}},
	{ForAnyValueIfExistsMissing, []string{"no-match", readMatch}},
	{GrantAccountGrantee, []string{"delegates", readRootOnly, readEveryone}},
	{GrantAndBoundary, []string{"as-key-policy", ReadCut, ReadSurvives}},
	{GrantAndSCP, []string{"cut", ReadSurvives}},
	{GrantConstraintCase, []string{"sensitive", readFoldedKeys}},
	{GrantCrossAccount, []string{"needs-iam", readSuffices}},
	{IAMOnlyConditionKeys, []string{"no-value", ReadAsInIAM}},
	{MultivaluedWithoutSetOperator, []string{"never", ReadAnyValue}},
	{NotPrincipalDeny, []string{"any-listed", readAllListed}},
	{OwnARNAsResource, []string{readMatches, readOnlyStar, readIgnored}},
	{ServiceRoleViaService, []string{"absent", ReadServiceLinked}},
	{StarPrincipalSameAccount, []string{"direct", readLimited, ReadNeedsIAM}},
}

// Assumptions returns all of them, sorted.
func Assumptions() []Assumption {
	out := make([]Assumption, assumptionCount)
	for i, a := range assumptions {
		out[i] = a.name
	}
	return out
}

// Readings returns the names of the readings of an assumption, the default first; none for what is no assumption.
func (a Assumption) Readings() []string {
	if i := a.place(); i >= 0 {
		return slices.Clone(assumptions[i].readings)
	}
	return nil
}

// place is where the assumption stands in the list, -1 for what is none.
func (a Assumption) place() int {
	for i := range assumptions {
		if assumptions[i].name == a {
			return i
		}
	}
	return -1
}

// ParseReadings reads texts of the form NAME=READING, for example grant-and-scp=survives. An assumption that no
// text names is read as by default; one that two texts read differently is an error.
func ParseReadings(texts ...string) (Readings, error) {
	var r Readings
	seen := map[string]string{}
	for _, text := range texts {
		name, reading, ok := strings.Cut(text, "=")
		if !ok {
			return Readings{}, fmt.Errorf("%q: expected NAME=READING, for example %s=%s", text, GrantAndSCP, ReadSurvives)
		}
		if before, again := seen[name]; again && before != reading {
			return Readings{}, fmt.Errorf("%q: %s is already read as %s", text, name, before)
		}
		seen[name] = reading
		var err error
		if r, err = r.With(Assumption(name), reading); err != nil {
			return Readings{}, err
		}
	}
	return r, nil
}

// With returns the readings with one assumption read as said.
func (r Readings) With(a Assumption, reading string) (Readings, error) {
	at := a.place()
	if at < 0 {
		names := make([]string, assumptionCount)
		for i, known := range assumptions {
			names[i] = string(known.name)
		}
		return r, fmt.Errorf("there is no assumption %q; nearest: %s", a, strings.Join(policy.ClosestNames(string(a), names, 3), ", "))
	}
	chosen := slices.Index(assumptions[at].readings, reading)
	if chosen < 0 {
		return r, fmt.Errorf("the assumption %s has no reading %q: expected one of %s", a, reading, strings.Join(assumptions[at].readings, ", "))
	}
	r.chosen[at] = uint8(chosen) //nolint:gosec // an assumption has two or three readings
	return r, nil
}

// Of returns how the assumption is read.
func (r Readings) Of(a Assumption) string {
	if at := a.place(); at >= 0 {
		return assumptions[at].readings[r.chosen[at]]
	}
	return ""
}

// Reads reports whether the assumption is read as said.
func (r Readings) Reads(a Assumption, reading string) bool { return r.Of(a) == reading }

// Label is how a decision names an assumption that it rests on: by its name, and with the reading when
// that is not the default.
func (r Readings) Label(a Assumption) string {
	if at := a.place(); at >= 0 && r.chosen[at] != 0 {
		return string(a) + "=" + r.Of(a)
	}
	return string(a)
}

// Changed returns the readings that are not the default by the name of their assumption: the member assume of
// the input of layers.rego.
func (r Readings) Changed() map[string]string {
	out := map[string]string{}
	for i, a := range assumptions {
		if r.chosen[i] != 0 {
			out[string(a.name)] = a.readings[r.chosen[i]]
		}
	}
	return out
}

// String lists the readings that are not the default as [ParseReadings] reads them.
func (r Readings) String() string {
	var texts []string
	for i, a := range assumptions {
		if r.chosen[i] != 0 {
			texts = append(texts, r.Label(a.name))
		}
	}
	return strings.Join(texts, " ")
}
