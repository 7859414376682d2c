package sigv4_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server/sigv4"
)

func TestClaim(t *testing.T) {
	for _, test := range []struct{ header, query, id, region string }{
		{"AWS4-HMAC-SHA256 Credential=111122223333/20150830/eu-west-1/kms/aws4_request, Signature=", "", "111122223333", "eu-west-1"},
		{"AWS4-HMAC-SHA256 Credential=test/20150830/eu-west-1", "", "test", "eu-west-1"},
		{"AWS4-HMAC-SHA256 Credential=test", "", "test", ""},
		{"", "X-Amz-Credential=AKID%2F20150830%2Feu-west-1%2Fkms%2Faws4_request", "AKID", "eu-west-1"},
		{"", "X-Amz-Credential=%zz", "", ""},
		{"Bearer x", "", "", ""},
		{"", "", "", ""},
	} {
		r := &http.Request{Header: http.Header{"Authorization": {test.header}}, URL: &url.URL{RawQuery: test.query}}
		id, scope := sigv4.Claim(r)
		require.Equal(t, test.id, id)
		require.Equal(t, test.region, scope.Region)
	}
}

func TestIsRegion(t *testing.T) {
	for _, name := range []string{"us-east-1", "ap-southeast-5", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", "cn-north-1"} {
		require.True(t, sigv4.IsRegion(name), name)
	}
	for _, name := range []string{
		"", "us", "us-east", "us-east-", "us--east-1", "-us-east-1", "us-1-east", "US-EAST-1", "us-east-1:x", "../../a-b-1",
		"us-east-1-and-so-on-until-it-is-far-too-long-1",
	} {
		require.False(t, sigv4.IsRegion(name), name)
	}
}
