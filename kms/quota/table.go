package quota

import (
	"slices"
	"strings"
)

// The quotas of cryptographic operations, which all operations with keys of a kind share. Those of other operations have the
// name of the operation.
const (
	Symmetric = "Cryptographic operations (symmetric)"
	RSA       = "Cryptographic operations (RSA)"
	ECC       = "Cryptographic operations (ECC)"
	MLDSA     = "Cryptographic operations (ML-DSA)"
	// CustomKeyStore is the quota that all keys in one custom key store share, in addition to Symmetric.
	CustomKeyStore = "Cryptographic operations (custom key store)"
)

// KeyPair is the quota of GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext for a key pair spec.
func KeyPair(spec string) string { return "GenerateDataKeyPair (" + spec + ")" }

// Cryptographic is the quota that the use of a key with a key spec counts toward. AWS names none for ML-KEM keys: the name is
// empty.
func Cryptographic(spec string) string {
	for prefix, name := range map[string]string{
		"SYMMETRIC_": Symmetric, "HMAC_": Symmetric, "RSA_": RSA, "ECC_": ECC, "SM2": ECC, "ML_DSA_": MLDSA,
	} {
		if strings.HasPrefix(spec, prefix) {
			return name
		}
	}
	return ""
}

// large and larger are the Regions with more than the least for symmetric keys, small those with less for RSA key pairs.
var (
	large = []string{
		"ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-2", "us-east-2",
	}
	larger = []string{"eu-west-1", "us-east-1", "us-west-2"}
	small  = []string{"cn-north-1", "cn-northwest-1"}
)

// quota is AWS's default: requests per second, and those of Regions that differ.
type quota struct {
	perSecond float64
	regions   []regional
}

// regional are the requests per second in some Regions.
type regional struct {
	regions   []string
	perSecond float64
}

// table are the defaults of https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html#rps-table.
var table = map[string]quota{
	Symmetric: {10_000, []regional{{large, 20_000}, {larger, 100_000}}},
	RSA:       {perSecond: 1_000},
	ECC:       {perSecond: 1_000},
	MLDSA:     {perSecond: 1_000},

	// Each custom key store has it for itself:
	// https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html#rps-key-stores.
	CustomKeyStore: {perSecond: 1_800},

	KeyPair("ECC_NIST_EDWARDS25519"): {perSecond: 100},
	KeyPair("ECC_NIST_P256"):         {perSecond: 100},
	KeyPair("ECC_NIST_P384"):         {perSecond: 100},
	KeyPair("ECC_NIST_P521"):         {perSecond: 100},
	KeyPair("ECC_SECG_P256K1"):       {perSecond: 100},
	KeyPair("RSA_2048"):              {20, []regional{{small, 1}}},
	KeyPair("RSA_3072"):              {4, []regional{{small, 0.5}}},
	KeyPair("RSA_4096"):              {1, []regional{{small, 0.1}}},
	KeyPair("SM2"):                   {perSecond: 25},

	"CancelKeyDeletion":         {perSecond: 5},
	"ConnectCustomKeyStore":     {perSecond: 5},
	"CreateAlias":               {perSecond: 5},
	"CreateCustomKeyStore":      {perSecond: 5},
	"CreateGrant":               {perSecond: 50},
	"CreateKey":                 {perSecond: 5},
	"DeleteAlias":               {perSecond: 15},
	"DeleteCustomKeyStore":      {perSecond: 5},
	"DeleteImportedKeyMaterial": {perSecond: 15},
	"DescribeCustomKeyStores":   {perSecond: 5},
	"DescribeKey":               {perSecond: 2_000},
	"DisableKey":                {perSecond: 5},
	"DisableKeyRotation":        {perSecond: 5},
	"DisconnectCustomKeyStore":  {perSecond: 5},
	"EnableKey":                 {perSecond: 5},
	"EnableKeyRotation":         {perSecond: 15},
	"GetKeyLastUsage":           {perSecond: 5},
	"GetKeyPolicy":              {perSecond: 1_000},
	"GetKeyRotationStatus":      {perSecond: 1_000},
	"GetParametersForImport":    {perSecond: 1},
	"GetPublicKey":              {perSecond: 2_000},
	"ImportKeyMaterial":         {perSecond: 15},
	"ListAliases":               {perSecond: 500},
	"ListGrants":                {perSecond: 100},
	"ListKeyPolicies":           {perSecond: 100},
	"ListKeyRotations":          {perSecond: 100},
	"ListKeys":                  {perSecond: 500},
	"ListResourceTags":          {perSecond: 2_000},
	"ListRetirableGrants":       {perSecond: 100},
	"PutKeyPolicy":              {perSecond: 15},
	"ReplicateKey":              {perSecond: 5},
	"RetireGrant":               {perSecond: 50},
	"RevokeGrant":               {perSecond: 50},
	"RotateKeyOnDemand":         {perSecond: 5},
	"ScheduleKeyDeletion":       {perSecond: 15},
	"TagResource":               {perSecond: 10},
	"UntagResource":             {perSecond: 5},
	"UpdateAlias":               {perSecond: 5},
	"UpdateCustomKeyStore":      {perSecond: 5},
	"UpdateKeyDescription":      {perSecond: 5},
	"UpdatePrimaryRegion":       {perSecond: 5},
}

// Of is AWS's default for a quota in a Region: requests per second, and whether AWS names the quota.
func Of(name, region string) (perSecond float64, ok bool) {
	q, ok := table[name]
	for _, r := range q.regions {
		if slices.Contains(r.regions, region) {
			return r.perSecond, ok
		}
	}
	return q.perSecond, ok
}
