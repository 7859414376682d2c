package kms

import "iter"

type listAliasesInput struct {
	KeyId  *string `kms:"min=1,max=2048"`
	Limit  *int32  `kms:"min=1,max=1000"`
	Marker *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type listAliasesOutput struct {
	Aliases []aliasListEntry
	paging
}

type aliasListEntry struct {
	AliasName, AliasArn           string
	TargetKeyId                   string
	CreationDate, LastUpdatedDate timestamp
}

// listAliases lists the aliases of the caller's account and Region, or those of one key, in the order of their names.
func listAliases(c *call, in *listAliasesInput) (*listAliasesOutput, error) {
	if err := c.authorize("kms:ListAliases", nil, nil); err != nil {
		return nil, err
	}
	after, err := afterMarker("aliases", in.Marker)
	if err != nil {
		return nil, err
	}
	aliases := below(c.snapshot.aliases, statePath(c.Account, c.Region, ""), after)
	if in.KeyId != nil {
		key, err := c.plainKey("kms:ListAliases", *in.KeyId)
		if err != nil {
			return nil, err
		}
		if key.Account != c.Account {
			return nil, c.deniedAbroad("kms:ListAliases")
		}
		aliases = c.aliasesOf(key, after)
	}
	out := &listAliasesOutput{}
	out.Aliases, out.paging = page("aliases", in.Limit, func(yield func(string, aliasListEntry) bool) {
		for name, a := range aliases {
			entry := aliasListEntry{name, c.aliasARN(name), a.target, timestamp(a.created), timestamp(a.lastUpdate)}
			if !yield(name, entry) {
				return
			}
		}
	})
	return out, nil
}

// aliasesOf yields the aliases of a key after a name.
func (c *call) aliasesOf(key *Key, after string) iter.Seq2[string, *alias] {
	return func(yield func(string, *alias) bool) {
		for _, name := range key.Aliases {
			if a := c.alias(key.Account, name); name > after && a != nil && !yield(name, a) {
				return
			}
		}
	}
}
