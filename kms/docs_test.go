package kms

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/quota"
	"github.com/strictkms/strictkms/policy"
)

var update = flag.Bool("update", false, "write the table of docs/api.md")

// notes are what the table of docs/api.md says about operations beside what the code says: what they ask for besides their
// own action, and what is not as with AWS.
var notes = map[string]string{
	"CreateAlias":              "Decided on the alias, by IAM policies, and on the key.",
	"CreateKey":                "`kms:TagResource` too, with tags; `iam:CreateServiceLinkedRole` for a multi-Region key. No SM2. In [custom key stores](custom-key-stores.md), too.",
	"DeleteAlias":              "Decided on the alias, by IAM policies, and on the key.",
	"ConnectCustomKeyStore":    "`CONNECTING` lasts a second ([custom key stores](custom-key-stores.md)).",
	"CreateCustomKeyStore":     "`iam:CreateServiceLinkedRole` too, with the first cluster of an account. Clusters are simulated; no VPC endpoint services ([custom key stores](custom-key-stores.md)).",
	"DisconnectCustomKeyStore": "`DISCONNECTING` lasts a second.",
	"GenerateRandom":           "The random bytes of an AWS CloudHSM key store are made here.",
	"GetKeyLastUsage":          "Uses are written once a minute and at the end; a server that is killed forgets the last minute's.",
	"GetParametersForImport":   "RSAES_PKCS1_V1_5 and SM2PKE are not taken.",
	"ImportKeyMaterial":        "KeyMaterialId is a MAC under the root key: another server gives the same material another id.",
	"ReEncrypt":                "Decided twice, once for each key.",
	"ReplicateKey":             "Decided by `kms:CreateKey`, and `kms:TagResource` with tags, in the Region of the replica, too. `Creating` lasts a second.",
	"RetireGrant":              "Decided by the grant: its retiring principal, its grantee, the account that made it.",
	"UpdateAlias":              "Decided on the alias, by IAM policies, and on both keys.",
	"UpdatePrimaryRegion":      "Decided on both keys, each in its Region. `Updating` lasts a second; both keys tell the new primary key at once.",
	"Verify":                   "EXTERNAL_MU answers `UnsupportedOperationException` ([server.md](server.md#operations)).",
}

// withRecipient are the operations that answer enclaves.
var withRecipient = []string{"Decrypt", "DeriveSharedSecret", "GenerateDataKey", "GenerateDataKeyPair", "GenerateRandom"}

// TestOperationsAreDocumented holds the table of docs/api.md to the operations that are there, their actions, states and
// quotas.
func TestOperationsAreDocumented(t *testing.T) {
	t.Parallel()
	const file, begin, end = "../docs/api.md", "<!-- kms -->\n", "<!-- /kms -->\n"
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found)
	table, after, found := strings.Cut(rest, end)
	require.True(t, found)
	wanted := documentation(t)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(before+begin+wanted+end+after), 0o644)) //nolint:gosec // a page
		return
	}
	require.Equal(t, wanted, table, "go test ./kms -run Documented -update writes the table of docs/api.md")
}

func documentation(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("\n| operation | asks for | of other accounts | refuses keys that are | requests a second | |\n|---|---|---|---|---|---|\n")
	for name := range notes {
		require.Contains(t, operations, name)
	}
	for _, name := range Operations() {
		note := notes[name]
		if slices.Contains(withRecipient, name) {
			note = strings.TrimSpace(note + " `Recipient`: [attestation.md](attestation.md).")
		}
		asked, abroad := permissions(t, name)
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", name, asked, abroad, refusedStates(name), requests(name), note)
	}
	out.WriteString("\n")
	return out.String()
}

// permissions are the actions that an operation asks for, and whether it works with keys of other accounts.
func permissions(t *testing.T, name string) (asked, abroad string) {
	t.Helper()
	var names []string
	for _, action := range policy.Actions() {
		if action.IsKMS() && (action.Operation() == name || name == "ReEncrypt" && strings.HasPrefix(action.Operation(), "ReEncrypt")) {
			names = append(names, "`"+action.Name+"`")
			if action.CrossAccount {
				abroad = "yes"
			}
		}
	}
	require.NotEmpty(t, names, name)
	return strings.Join(names, ", "), abroad
}

// refusedStates are the key states in which an operation does not take a key.
func refusedStates(name string) string {
	row, ok := stateTable[name]
	if !ok {
		return ""
	}
	var states []string
	for _, state := range []string{
		stateEnabled, stateDisabled, statePendingDeletion, statePendingImport, stateUnavailable, stateCreating, stateUpdating,
	} {
		if row.refusal(state) != takes {
			states = append(states, state)
		}
	}
	return strings.Join(states, ", ")
}

// requests is the request quota of an operation in us-east-1.
func requests(name string) string {
	switch {
	case sharesQuota(name), name == "GenerateRandom":
		return "shared"
	case strings.HasPrefix(name, "GenerateDataKeyPair"):
		return "by spec"
	default:
		perSecond, _ := quota.Of(name, "us-east-1")
		return strconv.FormatFloat(perSecond, 'f', -1, 64)
	}
}
