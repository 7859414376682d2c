package kms

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms/material"
)

// TestWhoRetires holds who may retire a grant
// (https://docs.aws.amazon.com/kms/latest/developerguide/grant-manage.html#grant-delete).
func TestWhoRetires(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	everything := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
	bob, carol := w.user(ownerAccount, "bob", ""), w.user(ownerAccount, "carol", "")
	w.user(ownerAccount, "admin", everything)
	w.user(ownerAccount, "dave", "")
	w.user(ownerAccount, "outsider", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"kms:RetireGrant","Resource":"*"}}`)
	outsider := w.principals["outsider"].ARN
	key := w.key(nil, `{"Effect":"Allow","Principal":{"AWS":"`+w.principals["dave"].ARN+`"},"Action":"kms:*","Resource":"*"}`)
	for _, test := range []struct {
		name, who string
		input     in
		allowed   bool
	}{
		{"the retiring principal", "carol", in{"RetiringPrincipal": carol}, true},
		{"the retiring principal of another", "carol", in{"RetiringPrincipal": bob}, false},
		{"the grantee", "bob", nil, false},
		{"the grantee with RetireGrant", "bob", in{"Operations": []string{"Decrypt", "RetireGrant"}}, true},
		{"another with RetireGrant", "carol", in{"Operations": []string{"Decrypt", "RetireGrant"}}, false},
		{"the account", ownerRoot, nil, true},
		{"whom the account delegates to", "admin", nil, true},
		{"whom the key policy allows everything", "dave", nil, false},
		{"a retiring principal with a Deny", "outsider", in{"RetiringPrincipal": outsider}, false},
		{"another account", "root@" + otherAccount, nil, false},
		{"a constraint does not matter", "bob", in{
			"Operations": []string{"Decrypt", "RetireGrant"}, "Constraints": in{"EncryptionContextEquals": in{"a": "b"}},
		}, true},
	} {
		for name, by := range map[string]func(*createGrantOutput) in{
			"by its token": func(g *createGrantOutput) in { return in{"GrantToken": g.GrantToken} },
			"by its id":    func(g *createGrantOutput) in { return in{"KeyId": key, "GrantId": g.GrantId} },
			"by all": func(g *createGrantOutput) in {
				return in{"GrantToken": g.GrantToken, "KeyId": key, "GrantId": g.GrantId}
			},
		} {
			t.Run(test.name+" "+name, func(t *testing.T) {
				made := w.grant(key, bob, test.input)
				if !test.allowed {
					w.fails(test.who, "RetireGrant", by(made), CodeAccessDenied)
					require.Contains(t, w.ids(key), made.GrantId)
					return
				}
				w.does(test.who, "RetireGrant", by(made))
				require.NotContains(t, w.ids(key), made.GrantId)
				require.Equal(t, made.GrantId, w.notes["grantId"])
			})
		}
	}
}

func TestRetireGrantRefuses(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	made, other := w.grant(key, bob, nil), w.grant(key, bob, nil)
	gone := w.grant(key, bob, nil)
	w.does(ownerRoot, "RetireGrant", in{"GrantToken": gone.GrantToken})
	for name, test := range map[string]struct {
		input in
		code  string
	}{
		"nothing":                  {in{}, CodeValidation},
		"no key":                   {in{"GrantId": made.GrantId}, CodeValidation},
		"no grant":                 {in{"KeyId": key}, CodeValidation},
		"a token that is none":     {in{"GrantToken": "AQpAM2RhZTk1MGMyNTk2ZmZm"}, CodeInvalidGrantToken},
		"token and id of another":  {in{"GrantToken": made.GrantToken, "KeyId": key, "GrantId": other.GrantId}, CodeValidation},
		"an id that is none":       {in{"KeyId": key, "GrantId": "id"}, CodeInvalidGrantID},
		"an id that is not there":  {in{"KeyId": key, "GrantId": strings.Repeat("0", 64)}, CodeNotFound},
		"retired before, by id":    {in{"KeyId": key, "GrantId": gone.GrantId}, CodeNotFound},
		"retired before, by token": {in{"GrantToken": gone.GrantToken}, CodeNotFound},
		"a key that is not there":  {in{"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "GrantId": made.GrantId}, CodeNotFound},
		"a key of another Region":  {in{"KeyId": strings.Replace(key, "us-east-1", "eu-west-1", 1), "GrantId": made.GrantId}, CodeNotFound},
	} {
		t.Run(name, func(*testing.T) { w.fails(ownerRoot, "RetireGrant", test.input, test.code) })
	}
	require.Len(t, w.ids(key), 2)
	w.fails(ownerRoot, "RevokeGrant", in{"KeyId": key, "GrantId": "id"}, CodeInvalidGrantID)
	w.fails(ownerRoot, "RevokeGrant", in{"KeyId": w.key(nil), "GrantId": made.GrantId}, CodeNotFound)
	w.fails(ownerRoot, "RevokeGrant", in{"KeyId": key}, CodeValidation)
}

// TestGrantTokens holds that no operation takes a token that is not one, and what makes one.
func TestGrantTokens(t *testing.T) {
	t.Parallel()
	w := newGrantWorld(t)
	bob, key := w.user(ownerAccount, "bob", ""), w.key(nil)
	made := w.grant(key, bob, in{"Operations": []string{"DescribeKey"}})
	describe := func(token string) in { return in{"KeyId": key, "GrantTokens": []string{token}} }
	w.does("bob", "DescribeKey", describe(made.GrantToken))

	sealed, err := base64.StdEncoding.DecodeString(made.GrantToken)
	require.NoError(t, err)
	require.NotContains(t, string(sealed), made.GrantId, "it is sealed")
	flipped := append([]byte(nil), sealed...)
	flipped[len(flipped)/2] ^= 1
	another, err := material.NewRoot(append(make([]byte, material.RootSizeInBytes-1), 1))
	require.NoError(t, err)
	foreign, err := another.Seal(grantTokenLabel, []byte(`{}`))
	require.NoError(t, err)
	otherwise, err := w.service.config.Root.Seal("something else", []byte(`{}`))
	require.NoError(t, err)
	for name, token := range map[string]string{
		"no base64": "%%%", "flipped": base64.StdEncoding.EncodeToString(flipped),
		"cut": base64.StdEncoding.EncodeToString(sealed[:len(sealed)-1]), "longer": made.GrantToken + "AAAA",
		"of another root": base64.StdEncoding.EncodeToString(foreign), "for another purpose": base64.StdEncoding.EncodeToString(otherwise),
	} {
		t.Run(name, func(*testing.T) { w.fails("bob", "DescribeKey", describe(token), CodeInvalidGrantToken) })
	}
	w.fails("bob", "DescribeKey", describe(""), CodeValidation)

	for operation, input := range map[string]in{
		"CreateGrant": grantRequest(key, bob, nil), "DescribeKey": {}, "Encrypt": {"Plaintext": []byte("x")},
		"Decrypt": {"CiphertextBlob": []byte("x")}, "GetPublicKey": {},
		"ReEncrypt":       {"CiphertextBlob": []byte("x"), "DestinationKeyId": key},
		"GenerateDataKey": {"KeySpec": "AES_256"}, "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
		"GenerateDataKeyPair":                 {"KeyPairSpec": "ECC_NIST_P256"},
		"GenerateDataKeyPairWithoutPlaintext": {"KeyPairSpec": "ECC_NIST_P256"},
		"Sign":                                {"Message": []byte("x"), "SigningAlgorithm": "ECDSA_SHA_256"},
		"Verify":                              {"Message": []byte("x"), "SigningAlgorithm": "ECDSA_SHA_256", "Signature": []byte("x")},
		"GenerateMac":                         {"Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"},
		"VerifyMac":                           {"Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256", "Mac": []byte("x")},
	} {
		t.Run(operation, func(*testing.T) {
			input["KeyId"], input["GrantTokens"] = key, []string{"AQpAM2RhZTk1MGMyNTk2ZmZm"}
			if operation == "ReEncrypt" {
				delete(input, "KeyId")
			}
			w.fails(ownerRoot, operation, input, CodeInvalidGrantToken)
		})
	}
}
