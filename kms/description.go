package kms

// descriptionOperations are the operations on the description of a key.
var descriptionOperations = []operation{
	acts("UpdateKeyDescription", updateKeyDescription),
}

type updateKeyDescriptionInput struct {
	KeyId       *string `kms:"required,min=1,max=2048"`
	Description *string `kms:"required,min=0,max=8192"`
}

func updateKeyDescription(c *call, in *updateKeyDescriptionInput) error {
	key, err := c.usableKey(*in.KeyId, nil)
	if err != nil {
		return err
	}
	return c.editKey(key, func(r *keyRecord) { r.Description = *in.Description })
}
