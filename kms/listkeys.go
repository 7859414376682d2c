package kms

type listKeysInput struct {
	Limit  *int32  `kms:"min=1,max=1000"`
	Marker *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type listKeysOutput struct {
	Keys []keyListEntry
	paging
}

type keyListEntry struct{ KeyId, KeyArn string }

// listKeys lists the keys of the caller's account and Region, in the order of their ids.
func listKeys(c *call, in *listKeysInput) (*listKeysOutput, error) {
	if err := c.authorize("kms:ListKeys", nil, nil); err != nil {
		return nil, err
	}
	after, err := afterMarker("keys", in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listKeysOutput{}
	keys := below(c.snapshot.keys, statePath(c.Account, c.Region, ""), after)
	out.Keys, out.paging = page("keys", in.Limit, func(yield func(string, keyListEntry) bool) {
		for id, key := range keys {
			if !key.isGone(c.now()) && !yield(id, keyListEntry{key.ID, key.ARN}) {
				return
			}
		}
	})
	return out, nil
}
