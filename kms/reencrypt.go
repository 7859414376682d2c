package kms

import (
	"slices"
	"strconv"
)

var reEncryptOperations = []operation{
	answers("ReEncrypt", reEncrypt),
}

// reEncryptInput is the input of ReEncrypt.
type reEncryptInput struct {
	CiphertextBlob                 []byte  `kms:"min=1,max=6144"`
	SourceKeyId                    *string `kms:"min=1,max=2048"`
	SourceEncryptionContext        map[string]string
	SourceEncryptionAlgorithm      *string `kms:"enum=EncryptionAlgorithmSpec"`
	DestinationKeyId               *string `kms:"required,min=1,max=2048"`
	DestinationEncryptionContext   map[string]string
	DestinationEncryptionAlgorithm *string  `kms:"enum=EncryptionAlgorithmSpec"`
	GrantTokens                    []string `kms:"min=0,max=10,each=min=1;max=8192"`
	DryRun                         *bool
	DryRunModifiers                []string `kms:"each=enum=DryRunModifierType"`
}

// reEncryptOutput is the output of ReEncrypt.
type reEncryptOutput struct {
	CiphertextBlob                 []byte
	SourceKeyId                    string
	KeyId                          string // of the destination
	SourceEncryptionAlgorithm      string
	DestinationEncryptionAlgorithm string
	SourceKeyMaterialId            string `json:",omitempty"`
	DestinationKeyMaterialId       string `json:",omitempty"`
}

// reEncrypt is https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html. Both keys are found, then each
// is decided about by itself, with its own encryption context; there is no permission for the two together.
func reEncrypt(c *call, in *reEncryptInput) (*reEncryptOutput, error) {
	from := &source{
		blob: in.CiphertextBlob, keyID: in.SourceKeyId, keyMember: "sourceKeyId",
		algorithm: value(in.SourceEncryptionAlgorithm, symmetricDefault), context: in.SourceEncryptionContext,
		grantTokens: in.GrantTokens,
		ignored:     isTrue(in.DryRun) && slices.Contains(in.DryRunModifiers, ignoreCiphertext),
	}
	to := encryption{
		algorithm: value(in.DestinationEncryptionAlgorithm, symmetricDefault), context: in.DestinationEncryptionContext,
	}
	if err := c.authorizeReEncrypt(from, &to, *in.DestinationKeyId); err != nil {
		return nil, err
	}
	plaintext, old, err := c.decryptSource(from)
	if err != nil {
		return nil, err
	}
	if err := c.prepareEncryption(&to, len(plaintext)); err != nil {
		return nil, err
	}
	if err := dryRun(in.DryRun); err != nil {
		return nil, err
	}
	blob, err := c.encryptWith(&to, plaintext)
	clear(plaintext)
	if err != nil {
		return nil, err
	}
	out := &reEncryptOutput{
		CiphertextBlob: blob, SourceKeyId: from.key.ARN, KeyId: to.key.ARN,
		SourceEncryptionAlgorithm: from.algorithm, DestinationEncryptionAlgorithm: to.algorithm,
		SourceKeyMaterialId: symmetricID(old),
	}
	if to.algorithm == symmetricDefault {
		out.DestinationKeyMaterialId = to.key.Metadata.CurrentMaterial
	}
	return out, nil
}

// authorizeReEncrypt finds both keys and authorizes both sides.
func (c *call) authorizeReEncrypt(from *source, to *encryption, destination string) error {
	const fromAction, toAction = "kms:ReEncryptFrom", "kms:ReEncryptTo"
	if err := checkContext(to.algorithm, to.context); err != nil {
		return err
	}
	if err := c.findSource(fromAction, from); err != nil {
		return err
	}
	key, alias, err := c.key(toAction, destination)
	if err != nil {
		return err
	}
	to.key = key
	sameKey := []string{strconv.FormatBool(from.key.ARN == key.ARN)}
	access := from.access(fromAction)
	access.Context["kms:ReEncryptOnSameKey"] = sameKey
	if err := c.access(access); err != nil {
		return err
	}
	with := newConditions(alias).encryption(to.algorithm, to.context)
	with["kms:ReEncryptOnSameKey"] = sameKey
	return c.authorize(toAction, key, with)
}
