package kms

import "fmt"

type listKeyRotationsInput struct {
	KeyId              *string `kms:"required,min=1,max=2048"`
	IncludeKeyMaterial *string `kms:"enum=IncludeKeyMaterial"`
	Limit              *int32  `kms:"min=1,max=1000"`
	Marker             *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type listKeyRotationsOutput struct {
	Rotations []rotationsListEntry
	paging
}

// rotationsListEntry is one material of a key. The first material did not come by a rotation.
type rotationsListEntry struct {
	KeyId            string
	KeyMaterialId    string
	KeyMaterialState string
	RotationDate     *timestamp `json:",omitempty"`
	RotationType     string     `json:",omitempty"`
}

// listKeyRotations lists the materials of a key, the oldest first: by default those that a rotation made.
func listKeyRotations(c *call, in *listKeyRotationsInput) (*listKeyRotationsOutput, error) {
	key, err := c.authorizedKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	if err := checkRotates(key); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	after, err := afterMarker("rotations", in.Marker)
	if err != nil {
		return nil, err
	}
	all := value(in.IncludeKeyMaterial, "ROTATIONS_ONLY") == "ALL_KEY_MATERIAL"
	out := &listKeyRotationsOutput{}
	out.Rotations, out.paging = page("rotations", in.Limit, func(yield func(string, rotationsListEntry) bool) {
		for i, m := range key.materials {
			place := fmt.Sprintf("%08d", i)
			if (all || m.record.RotationType != "") && place > after && !yield(place, key.rotationsListEntry(i)) {
				return
			}
		}
	})
	return out, nil
}

func (k *Key) rotationsListEntry(i int) rotationsListEntry {
	m := k.materials[i].record
	entry := rotationsListEntry{KeyId: k.ARN, KeyMaterialId: m.ID, KeyMaterialState: "NON_CURRENT", RotationType: m.RotationType}
	if i == len(k.materials)-1 {
		entry.KeyMaterialState = "CURRENT"
	}
	if !m.RotationDate.IsZero() {
		entry.RotationDate = (*timestamp)(&m.RotationDate)
	}
	return entry
}
