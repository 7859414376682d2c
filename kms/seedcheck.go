package kms

import (
	"fmt"

	"github.com/strictkms/strictkms/policy"
)

// CheckSeed returns the error that [Service.Seed] would end with, as far as it can be known without making anything.
// Whoever writes many things checks all of them first.
func (s *Service) CheckSeed(seed *Seed) error {
	arn, _ := policy.ParseARN(seed.ARN)
	id, ok := arn.KeyID()
	if !ok || !isKeyID(id) || arn.Region == "" || !policy.IsAccountID(arn.Account) {
		return fmt.Errorf("seeding %q: it is not the ARN of a key whose id is a UUID or mrk- and 32 hex digits", seed.ARN)
	}
	without := *seed
	without.Origin = "EXTERNAL" // no key material is made for nothing
	if _, err := s.seedRecord(&without, &arn); err != nil {
		return fmt.Errorf("seeding %s: %w", seed.ARN, err)
	}
	if len(seed.Aliases) > maxAliasesPerKey {
		return fmt.Errorf("seeding %s: it has %d aliases: at most %d", seed.ARN, len(seed.Aliases), maxAliasesPerKey)
	}
	for _, name := range seed.Aliases {
		if err := checkSeedAlias(name); err != nil {
			return fmt.Errorf("seeding %s: %w", seed.ARN, err)
		}
	}
	return nil
}
