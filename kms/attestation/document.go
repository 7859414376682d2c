package attestation

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Kind is what a document is about.
type Kind int

// The kinds of documents.
const (
	// Enclave is a Nitro enclave.
	Enclave Kind = iota + 1
	// NitroTPM is an EC2 instance with NitroTPM.
	NitroTPM
)

// String returns the name of the kind.
func (k Kind) String() string {
	switch k {
	case Enclave:
		return "Nitro enclave"
	case NitroTPM:
		return "NitroTPM"
	default:
		return "unknown"
	}
}

// Document is an attestation document that was verified.
type Document struct {
	Kind Kind
	// ModuleID is the id of the enclave, or of the instance with its TPM.
	ModuleID string
	// Timestamp is when the document was made.
	Timestamp time.Time
	// PCRs are the platform configuration registers by number.
	PCRs map[int][]byte

	publicKey *rsa.PublicKey
	// keyID names the public key in answers.
	keyID [sha256.Size]byte
}

// The sizes of the specification (attestation_process.md, section 3.2.2.2, and section 3.1 for the whole).
const (
	maxPayload     = 16384 // bytes
	maxPCRs        = 32
	maxCertificate = 1024 // bytes
	maxPublicKey   = 1024 // bytes
)

// payload is a document as it is written. Optional members are null where there is none: the Nitro Security Module
// always writes all of them. User data and nonce mean nothing to AWS KMS.
type payload struct {
	ModuleID    *string                    `cbor:"module_id"`
	Digest      *string                    `cbor:"digest"`
	Timestamp   *uint64                    `cbor:"timestamp"`
	PCRs        map[uint64]cbor.ByteString `cbor:"pcrs"`
	NitroTPM    map[uint64]cbor.ByteString `cbor:"nitrotpm_pcrs"`
	Certificate cbor.ByteString            `cbor:"certificate"`
	Bundle      []cbor.ByteString          `cbor:"cabundle"`
	PublicKey   *cbor.ByteString           `cbor:"public_key"`
	UserData    *cbor.ByteString           `cbor:"user_data"`
	Nonce       *cbor.ByteString           `cbor:"nonce"`
}

// decoder reads a payload: nothing twice, no tags, and room for members that there are not yet. Lengths may be left open,
// as newer versions of the Nitro hypervisor leave those of maps.
var decoder = mustDecoder(cbor.DecOptions{
	DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthAllowed, TagsMd: cbor.TagsForbidden,
	MaxNestedLevels: 8, MaxArrayElements: 128, MaxMapPairs: 128,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
})

// mustDecoder panics when the options contradict one another.
func mustDecoder(options cbor.DecOptions) cbor.DecMode {
	mode, err := options.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}

// parsePayload reads the payload of a document and holds it to the specification.
func parsePayload(src []byte) (*payload, error) {
	if len(src) == 0 || len(src) > maxPayload {
		return nil, fmt.Errorf("its payload has %d bytes, and has to have 1 to %d", len(src), maxPayload)
	}
	p := &payload{}
	if err := decoder.Unmarshal(src, p); err != nil {
		return nil, fmt.Errorf("its payload is no document: %w", plainError(err))
	}
	return p, p.check()
}

// plainError says without the names of our types that a value has a type that is not its own.
func plainError(err error) error {
	wrong, ok := errors.AsType[*cbor.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	member := wrong.StructFieldName[strings.LastIndexByte(wrong.StructFieldName, '.')+1:]
	if member == "" {
		return fmt.Errorf("expected a map, found: %s", wrong.CBORType)
	}
	return fmt.Errorf("unexpected %s in %s", wrong.CBORType, member)
}

// check returns all that is wrong with a payload besides its signature.
func (p *payload) check() error {
	var wrong []string
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if p.ModuleID == nil || *p.ModuleID == "" {
		fail("module_id is missing")
	}
	if p.Digest == nil || *p.Digest != "SHA384" {
		fail("digest is not SHA384")
	}
	if p.Timestamp == nil || *p.Timestamp == 0 {
		fail("timestamp is missing")
	}
	switch {
	case len(p.PCRs) > 0 && len(p.NitroTPM) > 0:
		fail("pcrs and nitrotpm_pcrs are both there")
	case len(p.PCRs) == 0 && len(p.NitroTPM) == 0:
		fail("pcrs and nitrotpm_pcrs are missing")
	}
	for _, registers := range []map[uint64]cbor.ByteString{p.PCRs, p.NitroTPM} {
		for number, value := range registers {
			if number >= maxPCRs || len(value) != 32 && len(value) != 48 && len(value) != 64 {
				fail("PCR %d has %d bytes: there are PCRs 0 to 31, of 32, 48 or 64 bytes", number, len(value))
			}
		}
	}
	if len(p.Bundle) == 0 {
		fail("cabundle is empty")
	}
	if p.PublicKey == nil {
		fail("public_key is missing, which the answer is to be encrypted with")
	} else if n := len(*p.PublicKey); n == 0 || n > maxPublicKey {
		fail("public_key has %d bytes, and has to have 1 to %d", n, maxPublicKey)
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong) // registers come in any order
	return errors.New(strings.Join(wrong, "; "))
}

// document is what a payload says.
func (p *payload) document() (*Document, error) {
	d := &Document{Kind: Enclave, ModuleID: *p.ModuleID, PCRs: map[int][]byte{}}
	registers := p.PCRs
	if len(p.NitroTPM) > 0 {
		d.Kind, registers = NitroTPM, p.NitroTPM
	}
	for number, value := range registers {
		d.PCRs[int(number)] = value.Bytes() //nolint:gosec // below maxPCRs
	}
	if *p.Timestamp > maxTimestamp {
		return nil, fmt.Errorf("timestamp %d is no time", *p.Timestamp)
	}
	d.Timestamp = time.UnixMilli(int64(*p.Timestamp)).UTC()
	der := p.PublicKey.Bytes()
	key, err := parsePublicKey(der)
	if err != nil {
		return nil, err
	}
	d.publicKey, d.keyID = key, sha256.Sum256(der)
	return d, nil
}

// maxTimestamp is the end of the year 9999, in milliseconds.
const maxTimestamp = 253402300799999

// The lengths of RSA keys that answers are encrypted with. AWS's SDK for enclaves makes keys of 2048 bits
// (https://github.com/aws/aws-nitro-enclaves-sdk-c/blob/main/docs/kms-apis/RecipientRequest.md).
const minKeyBits, maxKeyBits = 2048, 4096

// parsePublicKey reads the public key of a document: DER, as RFC 5280 has it.
func parsePublicKey(der []byte) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("public_key is no key in DER: expected SubjectPublicKeyInfo (RFC 5280)")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("public_key is no RSA key")
	}
	if bits := key.N.BitLen(); bits < minKeyBits || bits > maxKeyBits {
		return nil, fmt.Errorf("public_key is an RSA key of %d bits, and has to have %d to %d", bits, minKeyBits, maxKeyBits)
	}
	return key, nil
}
