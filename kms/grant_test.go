package kms

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

const ownerRoot = "root@" + ownerAccount

func TestGrantIsUsedAndRevoked(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob := w.user(ownerAccount, "bob", "")
	key := w.key(nil)
	inContext := in{"KeyId": key, "Plaintext": []byte("secret"), "EncryptionContext": in{"tenant": "a"}}
	inOther := in{"KeyId": key, "Plaintext": []byte("secret"), "EncryptionContext": in{"tenant": "b"}}
	w.fails("bob", "Encrypt", inContext, CodeAccessDenied)

	made := w.grant(key, bob, in{
		"Operations": []string{"Encrypt"}, "Constraints": in{"EncryptionContextSubset": in{"tenant": "a"}},
	})
	require.Len(t, made.GrantId, 64)
	w.does("bob", "Encrypt", inContext)
	w.fails("bob", "Encrypt", inOther, CodeAccessDenied)
	w.fails("bob", "DescribeKey", in{"KeyId": key}, CodeAccessDenied)

	w.fails("bob", "RevokeGrant", in{"KeyId": key, "GrantId": made.GrantId}, CodeAccessDenied)
	w.does(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": made.GrantId})
	w.fails("bob", "Encrypt", inContext, CodeAccessDenied)
	inContext["GrantTokens"] = []string{made.GrantToken}
	w.fails("bob", "Encrypt", inContext, CodeAccessDenied)
	e := w.fails(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": made.GrantId}, CodeNotFound)
	require.Contains(t, e.Message, made.GrantId)
}

func TestCreateGrantRefuses(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob := w.user(ownerAccount, "bob", "")
	w.absent["arn:aws:iam::111122223333:user/nobody"] = true
	keys := map[string]string{
		"symmetric": w.key(nil),
		"signing":   w.key(in{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
		"mac":       w.key(in{"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}),
	}
	pairs := in{}
	for i := range 9 {
		pairs[strconv.Itoa(i)] = ""
	}
	service := in{
		"GranteePrincipal": nil, "GranteeServicePrincipal": "s3.amazonaws.com",
		"Constraints": in{"SourceArn": "arn:aws:s3:::bucket"}, "RetiringServicePrincipal": "s3.amazonaws.com",
	}
	with := func(base, change in) in {
		out := maps.Clone(base)
		maps.Copy(out, change)
		return out
	}
	for _, test := range []struct {
		name, key string
		input     in
		code      string // empty: it is not refused
		says      string
	}{
		{"as it is", "symmetric", nil, "", ""},
		{"no key", "symmetric", in{"KeyId": nil}, CodeValidation, "Value null at 'keyId'"},
		{"no operations", "symmetric", in{"Operations": nil}, CodeValidation, "Value null at 'operations'"},
		{"empty operations", "symmetric", in{"Operations": []string{}}, CodeValidation, ""},
		{"an operation that no grant has", "symmetric", in{"Operations": []string{"ListGrants"}}, CodeValidation, "enum value set"},
		{"only CreateGrant", "symmetric", in{"Operations": []string{"CreateGrant", "CreateGrant"}}, CodeValidation, "Grants must not contain only the CreateGrant operation."},
		{"no grantee", "symmetric", in{"GranteePrincipal": nil}, CodeValidation, "GranteePrincipal"},
		{"malformed grantee", "symmetric", in{"GranteePrincipal": "b o b"}, CodeValidation, "'granteePrincipal'"},
		{"grantee that is no principal", "symmetric", in{"GranteePrincipal": "bob"}, CodeInvalidArn, "ARN does not refer to a valid principal: bob"},
		{"grantee that does not exist", "symmetric", in{"GranteePrincipal": "arn:aws:iam::111122223333:user/nobody"}, CodeInvalidArn, "ARN does not refer to a valid principal: arn:aws:iam::111122223333:user/nobody"},
		{"grantee of another partition", "symmetric", in{"GranteePrincipal": "arn:aws-cn:iam::111122223333:user/bob"}, CodeInvalidArn, ""},
		{"grantee that is a group", "symmetric", in{"GranteePrincipal": "arn:aws:iam::111122223333:group/g"}, CodeInvalidArn, ""},
		{"everyone", "symmetric", in{"GranteePrincipal": "arn:aws:iam::111122223333:user/*"}, CodeValidation, "'granteePrincipal'"},
		{"retirer that does not exist", "symmetric", in{"RetiringPrincipal": "arn:aws:iam::111122223333:user/nobody"}, CodeInvalidArn, ""},
		{"an account", "symmetric", in{"GranteePrincipal": "arn:aws:iam::444455556666:root"}, "", ""},
		{"a session", "symmetric", in{"GranteePrincipal": "arn:aws:sts::111122223333:assumed-role/App/s"}, "", ""},
		{"a service by its name", "symmetric", in{"GranteePrincipal": "rds.us-east-1.amazonaws.com"}, "", ""},
		{"both retirers", "symmetric", in{"RetiringPrincipal": bob, "RetiringServicePrincipal": "s3.amazonaws.com"}, CodeValidation, ""},
		{"both grantees", "symmetric", with(service, in{"GranteePrincipal": bob}), CodeValidation, ""},
		{"a service", "symmetric", service, "", ""},
		{"a service without source", "symmetric", with(service, in{"Constraints": nil}), CodeValidation, "SourceArn"},
		{"a service without retirer", "symmetric", with(service, in{"RetiringServicePrincipal": nil}), CodeValidation, "Retiring"},
		{"a service that is none", "symmetric", with(service, in{"GranteeServicePrincipal": bob}), CodeValidation, ""},
		{"a source that is no ARN", "symmetric", in{"Constraints": in{"SourceArn": "bucket"}}, CodeValidation, ""},
		{"both constraints", "symmetric", in{"Constraints": in{"EncryptionContextEquals": in{"c": "d"}, "EncryptionContextSubset": in{"a": "b"}}}, CodeValidation, "More than one constraint supplied"},
		{"one without pairs beside another", "symmetric", in{"Constraints": in{"EncryptionContextEquals": in{}, "EncryptionContextSubset": in{"a": "b"}}}, "", ""},
		{"nine pairs", "symmetric", in{"Constraints": in{"EncryptionContextEquals": pairs}}, CodeValidation, ""},
		{"a long value", "symmetric", in{"Constraints": in{"EncryptionContextEquals": in{"a": strings.Repeat("é", 385)}}}, CodeValidation, ""},
		{"a value as long as may be", "symmetric", in{"Constraints": in{"EncryptionContextEquals": in{"a": strings.Repeat("é", 384)}}}, "", ""},
		{"a name with a space", "symmetric", in{"Name": "a b"}, CodeValidation, "'name'"},
		{"a token that is none", "symmetric", in{"GrantTokens": []string{"token"}}, CodeInvalidGrantToken, ""},
		{"an alias", "symmetric", in{"KeyId": "arn:aws:kms:us-east-1:111122223333:alias/a"}, CodeInvalidArn, ""},
		{"a key that is not there", "symmetric", in{"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}, CodeNotFound, ""},
		{"signing with a symmetric key", "symmetric", in{"Operations": []string{"Sign"}}, CodeValidation, "Sign"},
		{"its public key", "symmetric", in{"Operations": []string{"GetPublicKey"}}, CodeValidation, "GetPublicKey"},
		{"all of a symmetric key", "symmetric", in{"Operations": []string{
			"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
			"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "CreateGrant", "RetireGrant", "DescribeKey",
		}}, "", ""},
		{"data keys of a signing key", "signing", in{"Operations": []string{"GenerateDataKey"}}, CodeValidation, "GenerateDataKey"},
		{"all of a signing key", "signing", in{"Operations": []string{"Sign", "Verify", "GetPublicKey", "DescribeKey"}}, "", ""},
		{"a context of a signing key", "signing", in{"Operations": []string{"Sign"}, "Constraints": in{"EncryptionContextSubset": in{"a": "b"}}}, CodeValidation, ""},
		{"a source of a signing key", "signing", in{"Operations": []string{"Sign"}, "Constraints": in{"SourceArn": "arn:aws:s3:::b"}}, "", ""},
		{"all of a MAC key", "mac", in{"Operations": []string{"GenerateMac", "VerifyMac"}}, "", ""},
		{"the public key of a MAC key", "mac", in{"Operations": []string{"GenerateMac", "GetPublicKey"}}, CodeValidation, ""},
	} {
		request := grantRequest(keys[test.key], bob, test.input)
		before := w.ids(keys[test.key])
		if test.code == "" {
			_, err := w.do(ownerRoot, "CreateGrant", request)
			require.NoError(t, err, test.name)
			require.Len(t, w.ids(keys[test.key]), len(before)+1, test.name)
			continue
		}
		e := w.fails(ownerRoot, "CreateGrant", request, test.code)
		require.Contains(t, e.Message, test.says, test.name)
		require.Equal(t, before, w.ids(keys[test.key]), test.name)
	}
}

func TestCreateGrantByState(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	made := w.grant(key, bob, nil)
	w.does(ownerRoot, "DisableKey", in{"KeyId": key})
	w.fails("bob", "CreateGrant", grantRequest(key, bob, nil), CodeAccessDenied)
	w.fails(ownerRoot, "CreateGrant", grantRequest(key, bob, nil), CodeDisabled)
	w.does(ownerRoot, "ScheduleKeyDeletion", in{"KeyId": key})
	w.fails(ownerRoot, "CreateGrant", grantRequest(key, bob, nil), CodeInvalidState)
	require.Equal(t, []string{made.GrantId}, w.ids(key))
	w.does(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": made.GrantId})
	require.Empty(t, w.ids(key))
}

func TestGrantDryRun(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	dry := func(input in) in { input["DryRun"] = true; return input }
	w.fails("bob", "CreateGrant", dry(grantRequest(key, bob, nil)), CodeAccessDenied)
	e := w.fails(ownerRoot, "CreateGrant", dry(grantRequest(key, bob, nil)), CodeDryRunOperation)
	require.Equal(t, "The request would have succeeded, but the DryRun option is set.", e.Message)
	require.Empty(t, w.ids(key))

	made := w.grant(key, bob, in{"Name": "same"})
	w.fails(ownerRoot, "CreateGrant", dry(grantRequest(key, bob, in{"Name": "same"})), CodeDryRunOperation)
	w.fails(ownerRoot, "RevokeGrant", dry(in{"KeyId": key, "GrantId": made.GrantId}), CodeDryRunOperation)
	w.fails("bob", "RetireGrant", dry(in{"GrantToken": made.GrantToken}), CodeAccessDenied)
	w.fails(ownerRoot, "RetireGrant", dry(in{"GrantToken": made.GrantToken}), CodeDryRunOperation)
	require.Equal(t, []string{made.GrantId}, w.ids(key))
}

func TestGrantName(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	carol := w.user(ownerAccount, "carol", "")
	named := in{
		"Name": "retry", "Operations": []string{"Encrypt", "Decrypt"}, "RetiringPrincipal": bob,
		"Constraints": in{"EncryptionContextEquals": in{}},
	}
	first := w.grant(key, bob, named)
	again := named
	again["Operations"] = []string{"Decrypt", "Encrypt", "Decrypt"}
	second := w.grant(key, bob, again)
	require.Equal(t, first.GrantId, second.GrantId)
	require.NotEqual(t, first.GrantToken, second.GrantToken)

	for name, change := range map[string]in{
		"name": {"Name": "other"}, "operations": {"Operations": []string{"Encrypt"}}, "grantee": {"GranteePrincipal": carol},
		"retirer": {"RetiringPrincipal": carol}, "no retirer": {"RetiringPrincipal": nil}, "no constraint": {"Constraints": nil},
		"another constraint": {"Constraints": in{"EncryptionContextSubset": in{}}},
		"source":             {"Constraints": in{"EncryptionContextEquals": in{}, "SourceArn": "arn:aws:s3:::b"}},
	} {
		request := maps.Clone(named)
		maps.Copy(request, change)
		require.NotEqual(t, first.GrantId, w.grant(key, bob, request).GrantId, name)
	}
	require.NotEqual(t, w.grant(key, bob, nil).GrantId, w.grant(key, bob, nil).GrantId, "without a name")

	// Retired, it is not there to be found.
	w.does(ownerRoot, "RetireGrant", in{"GrantToken": second.GrantToken})
	require.NotEqual(t, first.GrantId, w.grant(key, bob, named).GrantId)
}

// TestGrantNameAtOnce makes the same named grant many times at once.
func TestGrantNameAtOnce(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	var wait sync.WaitGroup
	for i := range 24 {
		wait.Go(func() {
			_, err := w.do(ownerRoot, "CreateGrant", grantRequest(key, bob, in{"Name": fmt.Sprint("name", i%3)}))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	require.Len(t, w.ids(key), 3)
}

func TestGrantConditionKeys(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	made := w.grant(key, bob, in{
		"Operations": []string{"Encrypt", "Decrypt", "Encrypt"}, "RetiringPrincipal": bob,
		"Constraints": in{"EncryptionContextEquals": in{"b": "2", "A": "1"}},
	})
	require.Equal(t, map[string][]string{
		"kms:GrantOperations": {"Encrypt", "Decrypt"}, "kms:GranteePrincipal": {bob}, "kms:RetiringPrincipal": {bob},
		"kms:GrantConstraintType": {"EncryptionContextEquals"}, "kms:EncryptionContextKeys": {"A", "b"},
		"kms:EncryptionContext:A": {"1"}, "kms:EncryptionContext:b": {"2"},
	}, w.lastContext())
	w.does("bob", "RetireGrant", in{"GrantToken": made.GrantToken})
	require.Equal(t, map[string][]string{
		"kms:GrantConstraintType": {"EncryptionContextEquals"}, "kms:EncryptionContextKeys": {"A", "b"},
		"kms:EncryptionContext:A": {"1"}, "kms:EncryptionContext:b": {"2"},
	}, w.lastContext())

	w.grant(key, "", in{
		"GranteePrincipal": nil, "GranteeServicePrincipal": "s3.amazonaws.com", "RetiringServicePrincipal": "s3.amazonaws.com",
		"Constraints": in{"EncryptionContextSubset": in{"a": "1"}, "SourceArn": "arn:aws:s3:::b"},
	})
	require.Equal(t, map[string][]string{
		"kms:GrantOperations": {"Decrypt"}, "kms:GranteeServicePrincipal": {"s3.amazonaws.com"},
		"kms:RetiringServicePrincipal": {"s3.amazonaws.com"}, "kms:GrantConstraintSourceArn": {"arn:aws:s3:::b"},
		"kms:GrantConstraintType": {"EncryptionContextSubset"}, "kms:EncryptionContextKeys": {"a"}, "kms:EncryptionContext:a": {"1"},
	}, w.lastContext())
}

// TestGrantConditions has a policy that limits what grants can be made.
func TestGrantConditions(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob := w.user(ownerAccount, "bob", "")
	carol := w.user(ownerAccount, "carol", "")
	key := w.key(nil, `{"Effect":"Allow","Principal":{"AWS":"`+bob+`"},"Action":"kms:CreateGrant","Resource":"*","Condition":{
		"ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt","ReEncryptTo"]},
		"StringEquals":{"kms:GranteePrincipal":"`+carol+`","kms:GrantConstraintType":"EncryptionContextSubset"}}}`)
	good := in{"Operations": []string{"Encrypt"}, "Constraints": in{"EncryptionContextSubset": in{"a": "b"}}}
	w.does("bob", "CreateGrant", grantRequest(key, carol, good))
	w.fails("bob", "CreateGrant", grantRequest(key, bob, good), CodeAccessDenied)
	for _, change := range []in{
		{"Operations": []string{"Encrypt", "Decrypt"}},
		{"Constraints": nil},
		{"Constraints": in{"EncryptionContextEquals": in{"a": "b"}}},
	} {
		request := maps.Clone(good)
		maps.Copy(request, change)
		w.fails("bob", "CreateGrant", grantRequest(key, carol, request), CodeAccessDenied)
	}
}

func TestGrantAbroad(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	allow := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
	dave := w.user(otherAccount, "dave", allow)
	erin := w.user(otherAccount, "erin", "")
	key := w.key(nil, `{"Effect":"Allow","Principal":{"AWS":"`+dave+`"},"Action":["kms:CreateGrant","kms:ListGrants"],"Resource":"*"}`)
	describe := in{"KeyId": key}

	w.fails("dave", "DescribeKey", describe, CodeAccessDenied)
	made := mustAs[createGrantOutput](w, "dave", "CreateGrant", grantRequest(key, erin, in{"Operations": []string{"DescribeKey"}}))
	list := mustAs[listGrantsOutput](w, "dave", "ListGrants", in{"KeyId": key})
	require.Len(t, list.Grants, 1)
	require.Equal(t, "arn:aws:iam::"+otherAccount+":root", list.Grants[0].IssuingAccount)
	require.Equal(t, key, list.Grants[0].KeyId)
	w.does("erin", "DescribeKey", describe)

	// Made by the owner, the grant needs the grantee's account to agree.
	w.grant(key, dave, in{"Operations": []string{"Encrypt"}})
	w.grant(key, erin, in{"Operations": []string{"Encrypt"}})
	encrypt := in{"KeyId": key, "Plaintext": []byte("x")}
	w.does("dave", "Encrypt", encrypt)
	w.fails("erin", "Encrypt", encrypt, CodeAccessDenied)

	// The account that made the grant can retire it, its owner revoke it; a key id does not lead abroad.
	w.fails("erin", "RetireGrant", in{"KeyId": key, "GrantId": made.GrantId}, CodeAccessDenied)
	id := key[strings.LastIndexByte(key, '/')+1:]
	w.fails("dave", "RetireGrant", in{"KeyId": id, "GrantId": made.GrantId}, CodeNotFound)
	w.does("root@"+otherAccount, "RetireGrant", in{"KeyId": key, "GrantId": made.GrantId})
	w.fails("root@"+otherAccount, "RetireGrant", in{"KeyId": key, "GrantId": made.GrantId}, CodeAccessDenied)
	w.fails("erin", "DescribeKey", describe, CodeAccessDenied)
}

func TestGrantRecord(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	w.grant(key, bob, in{"Constraints": in{"EncryptionContextEquals": in{}}, "RetiringPrincipal": bob, "Name": "n"})
	entry := mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key}).Grants[0]
	text, err := json.Marshal(entry)
	require.NoError(t, err)
	require.JSONEq(t, fmt.Sprintf(`{"KeyId":%q,"GrantId":%q,"Name":"n","CreationDate":1772600767,"GranteePrincipal":%q,
		"RetiringPrincipal":%q,"IssuingAccount":"arn:aws:iam::111122223333:root","Operations":["Decrypt"],
		"Constraints":{"EncryptionContextEquals":{}}}`, key, entry.GrantId, bob, bob), string(text))
}

// TestGrantOfAPrincipalThatIsGone has the grantee deleted and another made in its place.
func TestGrantOfAPrincipalThatIsGone(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	carol := w.user(ownerAccount, "carol", "")
	w.unique[bob] = "AIDABOB"
	named := in{"Name": "n", "RetiringPrincipal": carol}
	made := w.grant(key, bob, named)
	stored := w.service.state.current.Load().keys.Values()[0]
	require.Equal(t, map[string]string{bob: "AIDABOB"}, stored.GrantPrincipalIDs(made.GrantId))
	require.Nil(t, stored.GrantPrincipalIDs("other"))
	entry := func() grantListEntry {
		return mustAs[listGrantsOutput](w, ownerRoot, "ListGrants", in{"KeyId": key, "GrantId": made.GrantId}).Grants[0]
	}
	require.Equal(t, bob, entry().GranteePrincipal)
	require.Equal(t, made.GrantId, w.grant(key, bob, named).GrantId)

	w.absent[bob] = true
	require.Equal(t, "AIDABOB", entry().GranteePrincipal)
	require.Equal(t, carol, entry().RetiringPrincipal)
	w.absent[bob], w.unique[bob] = false, "AIDANEW"
	require.Equal(t, "AIDABOB", entry().GranteePrincipal)
	require.NotEqual(t, made.GrantId, w.grant(key, bob, named).GrantId, "it is for another bob")
}

// TestWithGrantsIsTheKey finds fields of a key that a version with fewer grants would lack.
func TestWithGrantsIsTheKey(t *testing.T) {
	t.Parallel()
	key := &Key{}
	v := reflect.ValueOf(key).Elem()
	for i := range v.Type().NumField() {
		field := reflect.NewAt(v.Field(i).Type(), unsafe.Pointer(v.Field(i).UnsafeAddr())).Elem()
		switch field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Int64:
			field.SetInt(1)
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		case reflect.Map:
			field.Set(reflect.MakeMap(field.Type()))
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		default:
		}
	}
	key.Metadata.Description = "x"
	key.grants[0], key.Grants[0] = &grant{}, nil
	less := reflect.ValueOf(key.withGrants(func(*grant) bool { return false })).Elem()
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; name {
		case "grants", "Grants", "named", "memo", "memoized":
			require.True(t, less.Field(i).IsZero(), name)
		default:
			require.False(t, less.Field(i).IsZero(), name)
		}
	}
}
