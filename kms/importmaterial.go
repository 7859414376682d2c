package kms

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/strictkms/strictkms/kms/material"
)

type importKeyMaterialInput struct {
	KeyId                  *string `kms:"required,min=1,max=2048"`
	ImportToken            []byte  `kms:"required,min=1,max=6144"`
	EncryptedKeyMaterial   []byte  `kms:"required,min=1,max=6144"`
	ValidTo                *timestamp
	ExpirationModel        *string `kms:"enum=ExpirationModelType"`
	ImportType             *string `kms:"enum=ImportType"`
	KeyMaterialDescription *string `kms:"min=0,max=256,pattern=KeyMaterialDescriptionType"`
	KeyMaterialId          *string `kms:"min=64,max=64,pattern=BackingKeyIdType"`
}

// importKeyMaterialOutput has the id of the material for symmetric encryption keys only: those of others are not told.
type importKeyMaterialOutput struct {
	KeyId         string
	KeyMaterialId string `json:",omitempty"`
}

// The import types (ImportType of the API).
const (
	importNew      = "NEW_KEY_MATERIAL"
	importExisting = "EXISTING_KEY_MATERIAL"
)

// maxMaterialValidity is how far in the future imported material may expire
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html, ValidTo).
const maxMaterialValidity = 365 * 24 * time.Hour

// importKeyMaterial gives a key its material, or gives it back what it had.
func importKeyMaterial(c *call, in *importKeyMaterialInput) (*importKeyMaterialOutput, error) {
	validTo, err := c.importValidity(in)
	if err != nil {
		return nil, err
	}
	key, err := c.authorizedKey(*in.KeyId, importContext(in, validTo))
	if err != nil {
		return nil, err
	}
	if err := checkImports(key); err != nil {
		return nil, err
	}
	if err := c.checkState(key); err != nil {
		return nil, err
	}
	if err := checkImportParameters(key, in); err != nil {
		return nil, err
	}
	m, err := c.unwrapMaterial(key, in)
	if err != nil {
		return nil, err
	}
	sealed, err := m.Seal(c.service.config.Root, key.ARN)
	if err != nil {
		return nil, fmt.Errorf("sealing key material: %w", err)
	}
	record := *key.record
	place, err := record.placeFor(key, m.ID(), in)
	if err != nil {
		return nil, err
	}
	place.Sealed, place.ValidTo, place.Description = sealed, validTo, value(in.KeyMaterialDescription, place.Description)
	record.followMaterials()
	if err := c.service.writeShared(c.ctx, c.snapshot, key, &record); err != nil {
		return nil, err
	}
	c.observeMaterial(m)
	out := &importKeyMaterialOutput{KeyId: key.ARN}
	if key.Metadata.Spec == symmetricDefault {
		out.KeyMaterialId = m.ID()
	}
	return out, nil
}

// importValidity returns when the material is to expire, zero for never.
func (c *call) importValidity(in *importKeyMaterialInput) (time.Time, error) {
	expires := value(in.ExpirationModel, materialExpires) == materialExpires
	switch {
	case expires && in.ValidTo == nil:
		return time.Time{}, failf(CodeValidation, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
	case !expires && in.ValidTo != nil:
		return time.Time{}, failf(CodeValidation,
			"A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
	case !expires:
		return time.Time{}, nil
	}
	validTo := time.Time(*in.ValidTo)
	switch now := c.now(); {
	case !validTo.After(now):
		return time.Time{}, failf(CodeValidation, "The validTo date must be in the future")
	case validTo.After(now.Add(maxMaterialValidity)):
		return time.Time{}, failf(CodeValidation, "The validTo date must be at most 365 days in the future")
	}
	return validTo, nil
}

// importContext are the condition keys of ImportKeyMaterial. kms:ExpirationModel is there only when the request says so:
// AWS's example of a policy tests it with Null.
func importContext(in *importKeyMaterialInput, validTo time.Time) map[string][]string {
	context := map[string][]string{}
	if in.ExpirationModel != nil {
		context["kms:ExpirationModel"] = []string{*in.ExpirationModel}
	}
	if !validTo.IsZero() {
		context["kms:ValidTo"] = []string{validTo.Format(time.RFC3339Nano)}
	}
	return context
}

// checkImportParameters refuses parameters that are "only usable with symmetric encryption keys", and those that
// contradict each other.
func checkImportParameters(key *Key, in *importKeyMaterialInput) error {
	if in.KeyMaterialId != nil && value(in.ImportType, "") == importNew {
		return failf(CodeValidation, "You cannot specify a key material ID with ImportType set to NEW_KEY_MATERIAL.")
	}
	if key.Metadata.Spec != symmetricDefault && (in.ImportType != nil || in.KeyMaterialDescription != nil || in.KeyMaterialId != nil) {
		return failf(CodeValidation,
			"ImportType, KeyMaterialDescription and KeyMaterialId are only usable with symmetric encryption keys.")
	}
	return nil
}

// The sentences are those of https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html, Errors.
var (
	errImportToken = &Error{
		Code:    CodeInvalidImportToken,
		Message: "The request was rejected because the provided import token is invalid or is associated with a different KMS key.",
	}
	errImportTokenExpired = &Error{
		Code:    CodeExpiredImportToken,
		Message: "The request was rejected because the specified import token is expired.",
	}
	errIncorrectMaterial = &Error{
		Code: CodeIncorrectKeyMaterial,
		Message: "The request was rejected because the key material in the request is, expired, invalid, or does not meet " +
			"expectations.",
	}
)

// unwrapMaterial opens the import token and with it the material.
func (c *call) unwrapMaterial(key *Key, in *importKeyMaterialInput) (*material.Material, error) {
	root := c.service.config.Root
	w, validTo, err := material.OpenToken(root, key.ARN, in.ImportToken)
	switch {
	case errors.Is(err, material.ErrOpen):
		return nil, errImportToken
	case err != nil:
		return nil, err
	case !c.now().Before(validTo):
		return nil, errImportTokenExpired
	}
	spec := material.LookupSpec(key.Metadata.Spec)
	if spec == nil {
		return nil, errors.New("key " + key.ARN + " has an unknown spec")
	}
	m, err := material.Import(root, w, spec, key.ID, in.EncryptedKeyMaterial)
	switch {
	case errors.Is(err, material.ErrCiphertext):
		return nil, &Error{Code: CodeInvalidCiphertext}
	case errors.Is(err, material.ErrMaterial):
		return nil, errIncorrectMaterial
	default:
		return m, err
	}
}

// placeFor returns where the material with an id belongs in a copy of the key's record: what the key had before, its
// first, or, for a symmetric encryption key, the one that the next rotation makes current. Keys of other specs keep
// their first material for ever.
func (r *keyRecord) placeFor(key *Key, id string, in *importKeyMaterialInput) (*materialRecord, error) {
	r.Materials = slices.Clone(r.Materials)
	if r.PendingMaterial != nil {
		pending := *r.PendingMaterial
		r.PendingMaterial = &pending
	}
	known, asNew := r.material(id), len(r.Materials) == 0
	if in.ImportType != nil {
		asNew = *in.ImportType == importNew
	}
	switch {
	case asNew == (known != nil), in.KeyMaterialId != nil && *in.KeyMaterialId != id:
		return nil, errIncorrectMaterial
	case known != nil:
		return known, nil
	case r.MultiRegionKeyType == replicaKey:
		return nil, errIncorrectMaterial // "You cannot directly import new key material into the replica Region keys."
	case len(r.Materials) == 0:
		r.Materials = []materialRecord{{ID: id}}
		return &r.Materials[0], nil
	case r.PendingMaterial != nil:
		return nil, failf(CodeInvalidState, "New key material (id: %s) cannot be imported into KMS key %s, because another "+
			"key material (id: %s) is pending rotation.", id, key.ID, r.PendingMaterial.ID)
	default:
		r.PendingMaterial = &materialRecord{ID: id}
		return r.PendingMaterial, nil
	}
}

// material returns the record of the material with an id, also of material that waits for a rotation; nil for none.
func (r *keyRecord) material(id string) *materialRecord {
	for i := range r.Materials {
		if r.Materials[i].ID == id {
			return &r.Materials[i]
		}
	}
	if r.PendingMaterial != nil && r.PendingMaterial.ID == id {
		return r.PendingMaterial
	}
	return nil
}

// maxTimestamp is the last second of the year 9999: later times have no form in JSON or in policies.
const maxTimestamp = 253402300799

// UnmarshalJSON reads seconds since 1970 with a fraction, to the millisecond.
func (t *timestamp) UnmarshalJSON(src []byte) error {
	var seconds float64
	if err := json.Unmarshal(src, &seconds); err != nil {
		return errors.New("a timestamp is a number of seconds")
	}
	if seconds < 0 || seconds > maxTimestamp {
		return errors.New("a timestamp is out of range")
	}
	*t = timestamp(time.UnixMilli(int64(math.Round(seconds * 1000))).UTC())
	return nil
}
