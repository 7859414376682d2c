package kms

import (
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// CheckSeed returns the error that [Service.Seed] would end with, as far as it can be known without making anything.
// Whoever writes many things checks all of them first.
func (s *Service) CheckSeed(seed *Seed) error {
	arn, err := seed.arn()
	if err != nil {
		return err
	}
	if _, err := s.seedRecord(seed, &arn); err != nil {
		return fmt.Errorf("seeding %s: %w", seed.ARN, err)
	}
	return nil
}

// arn is the ARN of the key, which must have an id like those that KMS makes.
func (seed *Seed) arn() (policy.ARN, error) {
	arn, _ := policy.ParseARN(seed.ARN)
	id, ok := arn.KeyID()
	if !ok || arn.Region == "" || !policy.IsAccountID(arn.Account) {
		return arn, fmt.Errorf("seeding %q: it is not the ARN of a key", seed.ARN)
	}
	if !isKeyID(id) {
		return arn, fmt.Errorf("seeding %q: a key id is a UUID such as 1234abcd-12ab-34cd-56ef-1234567890ab, or mrk- and "+
			"32 hexadecimal digits for a multi-Region key, not %q", seed.ARN, id)
	}
	return arn, nil
}

// checkNames checks the aliases and grants.
func (seed *Seed) checkNames() error {
	if len(seed.Aliases) > maxAliasesPerKey {
		return fmt.Errorf("it has %d aliases: at most %d", len(seed.Aliases), maxAliasesPerKey)
	}
	for _, name := range seed.Aliases {
		if err := checkSeedAlias(name); err != nil {
			return err
		}
	}
	for _, g := range seed.Grants {
		if strings.Contains(g.ID, "/") {
			return fmt.Errorf("%q is not a grant id", g.ID)
		}
	}
	return nil
}

// checkSeedAlias lets the aliases of AWS managed keys pass, which CreateAlias does not.
func checkSeedAlias(name string) error {
	if strings.HasPrefix(name, reservedAliasPrefix) && len(name) > len(reservedAliasPrefix) {
		return nil
	}
	if !patterns["AliasNameType"].Matches(name) {
		return fmt.Errorf("%q is not an alias name", name)
	}
	return checkAliasName(name)
}
