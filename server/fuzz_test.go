package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	service "github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/server/enforce"
)

// FuzzBodies sends any body to any operation: none panics, and each is answered with JSON.
func FuzzBodies(f *testing.F) {
	w := start(f, enforce.Strict)
	alice := w.user(f, "alice", allowAll)
	key := newKey(f, w.client(alice))
	operations := service.Operations()
	for i, name := range operations {
		f.Add(i, `{"KeyId":"`+key+`"}`)
		if strings.HasPrefix(name, "Generate") || strings.HasSuffix(name, "crypt") {
			f.Add(i, `{"KeyId":"`+key+`","Plaintext":"AAAA","CiphertextBlob":"AQID","NumberOfBytes":16,"KeySpec":"AES_256"}`)
		}
	}
	f.Add(0, `{"Policy":"{}","Tags":[{"TagKey":"a","TagValue":"b"}],"KeySpec":"ECC_NIST_P256","KeyUsage":"SIGN_VERIFY"}`)
	f.Add(0, `null`)
	f.Add(0, `{"KeyId":1e999,"Limit":-1,"Marker":"","GrantTokens":[null],"EncryptionContext":{"":null}}`)
	f.Fuzz(func(t *testing.T, operation int, body string) {
		name := operations[uint(operation)%uint(len(operations))]
		r := w.request(t, name, body)
		r.URL.Host, r.URL.Path, r.Host, r.RequestURI = "", "/", "localhost", "/"
		sign(t, r, body, alice, w.config.Clock(), "")
		recorder := httptest.NewRecorder()
		w.server.ServeHTTP(recorder, r)
		if recorder.Code >= http.StatusInternalServerError {
			t.Fatalf("%s %s: %d %s\n%s", name, body, recorder.Code, recorder.Body, w.log)
		}
		require.NotContains(t, recorder.Body.String(), "InvalidSignatureException")
		if answer := recorder.Body.Bytes(); len(answer) > 0 {
			require.True(t, json.Valid(answer), "%s", answer)
		}
	})
}
