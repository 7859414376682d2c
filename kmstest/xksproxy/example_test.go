package xksproxy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/strictkms/strictkms/kmstest/xksproxy"
)

// A proxy answers nobody who does not sign.
func Example() {
	accessKeyID, secretAccessKey := xksproxy.NewCredential()
	proxy, err := xksproxy.New(xksproxy.Config{Credentials: map[string]string{accessKeyID: secretAccessKey}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := proxy.AddKey("ledger", xksproxy.Key{}); err != nil {
		fmt.Println(err)
		return
	}
	answer := httptest.NewRecorder()
	proxy.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, proxy.Path()+"/keys/ledger/metadata", strings.NewReader("{}")))
	fmt.Println(answer.Code, answer.Body)
	// Output: 401 {"errorName":"AuthenticationFailedException","errorMessage":"The signature is not good."}
}
