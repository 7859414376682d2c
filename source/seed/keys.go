package seed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// keySeeds are the keys of a world as the server makes them: primary keys first, so that replicas find their material.
// What is not known of a key and would let it do more than it should is an error, the rest a warning.
func keySeeds(w *source.World) (seeds []*kms.Seed, diags policy.Diagnostics) {
	keys := slices.Clone(w.Keys)
	slices.SortStableFunc(keys, func(a, b *source.Key) int { return isReplica(a) - isReplica(b) })
	for _, k := range keys {
		seed, err := keySeed(k)
		if err != nil {
			diags = append(diags, refused(k, err))
			continue
		}
		for _, unknown := range k.Unknown {
			diags = append(diags, policy.Diagnostic{
				Code: codeUnknown, Severity: policy.SeverityWarning, Message: k.ARN + ": " + unknown, Pos: k.Pos,
			})
		}
		if k.Policy.HasUnresolved() {
			diags = append(diags, policy.Diagnostic{
				Code: codeUnknown, Severity: policy.SeverityWarning, Pos: k.Policy.Pos,
				Message: k.ARN + ": parts of the key policy are not known: the server allows only what it allows whatever they are",
			})
		}
		seeds = append(seeds, seed)
	}
	return seeds, diags
}

// codeUnknown is the code of a finding about something that the server has to do without.
const codeUnknown = "not-known-to-server"

func refused(k *source.Key, err error) policy.Diagnostic {
	return policy.Diagnostic{Code: codeRefused, Severity: policy.SeverityError, Message: k.ARN + ": " + err.Error(), Pos: k.Pos}
}

func isReplica(k *source.Key) int {
	if k.MultiRegionKeyType == "REPLICA" {
		return 1
	}
	return 0
}

// keySeed is a key as the server makes it.
func keySeed(k *source.Key) (*kms.Seed, error) {
	switch {
	case k.Policy == nil:
		return nil, errors.New("its key policy is not known") // without one it would get AWS's default
	case k.Spec == "" || k.Usage == "" || k.Origin == "" || k.MultiRegion == "":
		return nil, errors.New("its key spec, key usage, origin or multi-Region property is not known")
	case (k.MultiRegion == "true") != (k.MultiRegionKeyType != ""):
		return nil, errors.New("it is not known whether it is a multi-Region key")
	}
	doc := k.Policy
	if doc.HasUnresolved() {
		doc = doc.Bound(false)
	}
	if len(doc.Statements) == 0 {
		return nil, errors.New("nothing is known for sure of its key policy")
	}
	text, err := json.Marshal(printable(doc))
	if err != nil {
		return nil, fmt.Errorf("printing the key policy: %w", err)
	}
	seed := &kms.Seed{
		ARN: k.ARN, Description: k.Description, Policy: string(text), Spec: k.Spec, Usage: k.Usage, Origin: k.Origin,
		MultiRegionKeyType: k.MultiRegionKeyType, Disabled: k.Disabled, AWSManaged: k.AWSManaged,
		RotationPeriodInDays: k.RotationPeriodInDays, Aliases: k.Aliases, Grants: k.Grants,
	}
	for _, name := range slices.Sorted(maps.Keys(k.Tags)) {
		seed.Tags = append(seed.Tags, kms.Tag{TagKey: name, TagValue: k.Tags[name]})
	}
	return seed, nil
}

// plant makes the keys that are not there yet.
func plant(ctx context.Context, keys *kms.Service, seeds []*kms.Seed, r *Report) error {
	for _, seed := range seeds {
		made, err := keys.Seed(ctx, seed)
		switch {
		case err != nil:
			return err
		case made.Made:
			r.Created = append(r.Created, seed.ARN)
			for _, name := range made.Taken {
				r.Kept = append(r.Kept, name+" of another key")
			}
		default:
			r.Kept = append(r.Kept, seed.ARN)
		}
	}
	return nil
}
