package kms

import (
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// guide is a mirror of the AWS KMS Developer Guide.
const guide = "/work/.mirror/awsdocs+aws-kms-developer-guide/repo"

// TestStateTableIsThatOfTheGuide reads the table of the Developer Guide and holds every row to it. What the guide calls
// not applicable is not compared, since it is refused.
func TestStateTableIsThatOfTheGuide(t *testing.T) {
	t.Parallel()
	page, err := exec.Command("git", "-C", guide, "show", "HEAD~3:doc_source/key-state.md").Output()
	if err != nil {
		t.Skip("no mirror of the guide to compare with:", err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\w+) \|(.*)\|\s*$`).FindAllStringSubmatch(string(page), -1)
	seen := 0
	for _, row := range rows {
		cells := strings.Split(row[2], "|")
		if row[1] == "API" || slices.Contains(keyless, row[1]) {
			continue
		}
		require.Len(t, cells, 7, row[1])
		got, ok := stateTable[row[1]]
		require.True(t, ok, row[1])
		seen++
		for i, refusal := range []refusal{got.enabled, got.disabled, got.pendingDeletion, got.pendingImport, got.unavailable, got.creating, got.updating} {
			requireCell(t, cells[i], refusal, row[1], i)
		}
	}
	require.Greater(t, seen, 30)
}

// requireCell holds one cell to a refusal: it is a tick, a cross with the footnotes that it may be, or, for what
// depends on the origin of the key, a question mark.
func requireCell(t *testing.T, cell string, got refusal, operation string, column int) {
	t.Helper()
	notes := regexp.MustCompile(`\\\[(\d+)\\\]`).FindAllStringSubmatch(cell, -1)
	switch {
	case strings.Contains(cell, "N/A"):
		require.NotEqual(t, takes, got, "%s, column %d", operation, column)
	case strings.Contains(cell, "icon-successful"), strings.Contains(cell, "icon-question-mark"):
		if operation != "UpdateAlias" { // [10]: it is about one of two keys
			require.Equal(t, takes, got, "%s, column %d", operation, column)
		}
	case slices.ContainsFunc(notes, func(n []string) bool { return n[1] == "7" }) && len(notes) == 1:
		// UnsupportedOperationException for the origin, which is checked before the state.
	default:
		require.True(t, slices.ContainsFunc(notes, func(n []string) bool { return n[1] == strconv.Itoa(int(got)) }),
			"%s, column %d: %d is none of %v", operation, column, got, notes)
	}
}

// keyless are the operations that are about no key.
var keyless = []string{
	"ConnectCustomKeyStore", "CreateCustomKeyStore", "CreateKey", "DeleteCustomKeyStore", "DescribeCustomKeyStores",
	"DisconnectCustomKeyStore", "GenerateRandom", "ListKeys", "ListRetirableGrants", "UpdateCustomKeyStore",
}

// TestEveryKeyOperationHasItsRow: an operation on a key that is not in the table would refuse every key.
func TestEveryKeyOperationHasItsRow(t *testing.T) {
	t.Parallel()
	for _, name := range Operations() {
		_, ok := stateTable[name]
		require.NotEqual(t, slices.Contains(keyless, name), ok, name)
	}
}

func TestStatesAreRefusedInAWSsWords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	alice := f.alice()
	disabled, disabledARN := alice.createKey(in{})
	alice.do("DisableKey", in{"KeyId": disabled})
	pending, pendingARN := alice.createKey(in{})
	alice.do("ScheduleKeyDeletion", in{"KeyId": pending})
	enabled, enabledARN := alice.createKey(in{})
	importing, importingARN := "1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	_, err := f.service.Seed(t.Context(), &Seed{ARN: importingARN, Origin: "EXTERNAL"})
	require.NoError(t, err)

	for _, test := range []struct {
		operation     string
		input         in
		code, message string
	}{
		{"Encrypt", in{"KeyId": disabled, "Plaintext": []byte("x")}, CodeDisabled, disabledARN + " is disabled."},
		{"Encrypt", in{"KeyId": pending, "Plaintext": []byte("x")}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"Encrypt", in{"KeyId": importing, "Plaintext": []byte("x")}, CodeInvalidState, importingARN + " is pending import."},
		{"EnableKey", in{"KeyId": pending}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"DisableKey", in{"KeyId": pending}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"DisableKey", in{"KeyId": importing}, CodeInvalidState, importingARN + " is pending import."},
		{"ScheduleKeyDeletion", in{"KeyId": pending}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"CancelKeyDeletion", in{"KeyId": enabled}, CodeInvalidState, enabledARN + " is not pending deletion."},
		{"CancelKeyDeletion", in{"KeyId": disabled}, CodeInvalidState, disabledARN + " is not pending deletion."},
		{"UpdateKeyDescription", in{"KeyId": pending, "Description": "x"}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"CreateAlias", in{"TargetKeyId": pending, "AliasName": "alias/x"}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"TagResource", in{"KeyId": pending, "Tags": []in{}}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"UntagResource", in{"KeyId": pending, "TagKeys": []string{}}, CodeInvalidState, pendingARN + " is pending deletion."},
		{"EnableKeyRotation", in{"KeyId": disabled}, CodeDisabled, disabledARN + " is disabled."},
		{"EnableKeyRotation", in{"KeyId": importing}, CodeUnsupportedOperation, importingARN + " origin is EXTERNAL which is not valid for this operation."},
		{"GetKeyRotationStatus", in{"KeyId": importing}, CodeUnsupportedOperation, importingARN + " origin is EXTERNAL which is not valid for this operation."},
	} {
		alice.fails(test.operation, test.input, test.code, test.message)
		require.Equal(t, []string{"kms:" + test.operation}, slices.DeleteFunc(alice.actions(), func(a string) bool {
			return strings.Contains(a, "alias/")
		}), "it is decided before the state is looked at")
		denied := f.alice()
		denied.deny = func(*Access) bool { return true }
		denied.fails(test.operation, test.input, CodeAccessDenied, "denied kms:"+test.operation)
	}
	for _, operation := range []string{"DescribeKey", "GetKeyPolicy", "ListKeyPolicies", "ListResourceTags", "ListGrants"} {
		for _, id := range []string{disabled, pending, importing} {
			alice.do(operation, in{"KeyId": id})
		}
	}
	require.Equal(t, false, alice.describe(disabled)["Enabled"])
	require.Equal(t, "PendingImport", alice.describe(importing)["KeyState"])
	alice.do("EnableKey", in{"KeyId": disabled})
	require.Equal(t, true, alice.describe(disabled)["Enabled"])
}
