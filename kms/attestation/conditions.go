package attestation

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// conditionPrefix begins the names of the condition keys of documents.
const conditionPrefix = "kms:RecipientAttestation:"

// maxNitroTPMPCR is the last register of a TPM that there is a condition key for
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html).
const maxNitroTPMPCR = 23

// Conditions are the condition keys that a document gives a request, with their values: registers as hexadecimal digits
// in lower case, and PCR0 of an enclave as the digest of its image, too
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-attestation.html).
func (d *Document) Conditions() map[string]string {
	conditions := make(map[string]string, len(d.PCRs)+1)
	for number, value := range d.PCRs {
		text := hex.EncodeToString(value)
		switch {
		case d.Kind == Enclave:
			conditions[conditionPrefix+"PCR"+strconv.Itoa(number)] = text
			if number == 0 {
				conditions[conditionPrefix+"ImageSha384"] = text
			}
		case number <= maxNitroTPMPCR:
			conditions[conditionPrefix+"NitroTPMPCR"+strconv.Itoa(number)] = text
		}
	}
	return conditions
}

// The registers that CloudTrail tells, PCR0 of an enclave as the digest of its image
// (https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-enclave.html,
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-tpm.html).
var (
	enclaveRecorded  = []int{1, 2, 3, 4, 8}
	nitroTPMRecorded = []int{4, 7, 8, 9, 16, 23}
)

// Record is the member recipient of CloudTrail's additionalEventData. Registers are in Base64, which the guide does not
// say and records show (https://github.com/yawn/ned#usage).
func (d *Document) Record() map[string]string {
	record := map[string]string{"attestationDocumentModuleId": d.ModuleID}
	add := func(name string, number int) {
		if value, ok := d.PCRs[number]; ok {
			record[name] = base64.StdEncoding.EncodeToString(value)
		}
	}
	if d.Kind == NitroTPM {
		for _, number := range nitroTPMRecorded {
			add("attestationDocumentNitroTPMPCR"+strconv.Itoa(number), number)
		}
		return record
	}
	add("attestationDocumentEnclaveImageDigest", 0)
	for _, number := range enclaveRecorded {
		add("attestationDocumentEnclavePCR"+strconv.Itoa(number), number)
	}
	return record
}
