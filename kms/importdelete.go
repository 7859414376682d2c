package kms

import "slices"

type deleteImportedKeyMaterialInput struct {
	KeyId         *string `kms:"required,min=1,max=2048"`
	KeyMaterialId *string `kms:"min=64,max=64,pattern=BackingKeyIdType"`
}

// deleteImportedKeyMaterialOutput has the id of the material for symmetric encryption keys only.
type deleteImportedKeyMaterialOutput struct {
	KeyId         string
	KeyMaterialId string `json:",omitempty"`
}

// deleteImportedKeyMaterial deletes the current material, or the one that is named. The key waits for it from then on,
// and takes no other in its place. A key without material stays as it is: the table of key states says "no effect".
func deleteImportedKeyMaterial(c *call, in *deleteImportedKeyMaterialInput) (*deleteImportedKeyMaterialOutput, error) {
	key, err := c.authorizedKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	if err := checkImports(key); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	symmetric := key.Metadata.Spec == symmetricDefault
	if in.KeyMaterialId != nil && !symmetric {
		return nil, failf(CodeValidation, "KeyMaterialId is only usable with symmetric encryption keys.")
	}
	id := value(in.KeyMaterialId, key.Metadata.CurrentMaterial)
	record := *key.record
	if in.KeyMaterialId != nil && record.material(id) == nil {
		return nil, failf(CodeNotFound, "Key material '%s' does not exist", id)
	}
	if m := record.material(id); m != nil && m.isImported() {
		record.forget(id)
		if err := c.service.writeShared(c.ctx, c.snapshot, key, &record); err != nil {
			return nil, err
		}
	}
	out := &deleteImportedKeyMaterialOutput{KeyId: key.ARN}
	if symmetric {
		out.KeyMaterialId = id
	}
	return out, nil
}

// forget deletes the material with an id from a copy of the key's record.
func (r *keyRecord) forget(id string) {
	if r.PendingMaterial != nil && r.PendingMaterial.ID == id {
		r.forgetPending()
		return
	}
	r.Materials = slices.Clone(r.Materials)
	for i := range r.Materials {
		if r.Materials[i].ID == id {
			r.Materials[i].forget()
		}
	}
	r.followMaterials()
}
