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
	// What follows is of imported material.
	KeyMaterialDescription string     `json:",omitempty"`
	ImportState            string     `json:",omitempty"`
	ExpirationModel        string     `json:",omitempty"`
	ValidTo                *timestamp `json:",omitempty"`
}

// listKeyRotations lists the materials of a key, the oldest first: by default those that a rotation made.
func listKeyRotations(c *call, in *listKeyRotationsInput) (*listKeyRotationsOutput, error) {
	key, err := c.authorizedKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	if err := checkRotatesOnDemand(key); err != nil {
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
		place := fmt.Sprintf("%08d", len(key.materials))
		if pending := key.record.PendingMaterial; pending != nil && all && place > after {
			yield(place, key.listMaterial(pending, pendingState(key, c.related(key))))
		}
	})
	return out, nil
}

func (k *Key) rotationsListEntry(i int) rotationsListEntry {
	state := "NON_CURRENT"
	if i == len(k.materials)-1 {
		state = "CURRENT"
	}
	return k.listMaterial(k.materials[i].record, state)
}

// listMaterial is the entry of one material of the key, in a KeyMaterialState.
func (k *Key) listMaterial(m *materialRecord, state string) rotationsListEntry {
	entry := rotationsListEntry{KeyId: k.ARN, KeyMaterialId: m.ID, KeyMaterialState: state, RotationType: m.RotationType}
	if k.Metadata.Origin == originExternal {
		entry.KeyMaterialDescription, entry.ImportState = m.Description, "PENDING_IMPORT"
		if m.isImported() {
			entry.ImportState, entry.ExpirationModel = "IMPORTED", m.expirationModel()
		}
		if !m.ValidTo.IsZero() {
			entry.ValidTo = (*timestamp)(&m.ValidTo)
		}
	}
	if !m.RotationDate.IsZero() {
		entry.RotationDate = (*timestamp)(&m.RotationDate)
	}
	return entry
}
