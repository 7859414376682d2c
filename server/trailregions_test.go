package server_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
)

// line is what the test wants to know of a line of the decision log.
type line struct {
	EventName, AWSRegion, RequestID, EventID string
	UserIdentity                             struct{ UserName, InvokedBy, AccessKeyID string }
	RequestParameters, ResponseElements      map[string]any
	Resources                                []struct{ ARN string }
	RecipientAccountID                       string
}

// TestTrailOfTwoRegions: what changes keys in two Regions has a record in each, as
// https://docs.aws.amazon.com/kms/latest/developerguide/ct-update-primary-region.html shows.
func TestTrailOfTwoRegions(t *testing.T) {
	var log syncBuffer
	written, err := trail.New(trail.Config{Writer: &log})
	require.NoError(t, err)
	w := start(t, enforce.Strict, func(c *server.Config) { c.Trail = written })
	client := w.client(w.user(t, "alice", allowAll))
	key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{MultiRegion: aws.Bool(true)})
	require.NoError(t, err)
	id, here := key.KeyMetadata.KeyId, *key.KeyMetadata.Arn
	there := strings.Replace(here, "us-east-1", "eu-west-1", 1)
	_, err = client.ReplicateKey(t.Context(), &kms.ReplicateKeyInput{KeyId: id, ReplicaRegion: aws.String("eu-west-1"), Description: aws.String("in Ireland")})
	require.NoError(t, err)
	_, err = client.UpdatePrimaryRegion(t.Context(), &kms.UpdatePrimaryRegionInput{KeyId: id, PrimaryRegion: aws.String("eu-west-1")})
	require.ErrorContains(t, err, "KMSInvalidStateException: "+there+" is creating.")
	require.Eventually(t, func() bool {
		_, err = client.UpdatePrimaryRegion(t.Context(), &kms.UpdatePrimaryRegionInput{KeyId: id, PrimaryRegion: aws.String("eu-west-1")})
		return err == nil
	}, 10*time.Second, 100*time.Millisecond)
	require.NoError(t, written.Close())

	var lines []line
	for text := range strings.Lines(log.String()) {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l))
		require.Equal(t, account, l.RecipientAccountID)
		require.Equal(t, "alice", l.UserIdentity.UserName)
		lines = append(lines, l)
	}
	require.GreaterOrEqual(t, len(lines), 6)
	replicate, create := lines[1], lines[2]
	requireTwo(t, replicate, create, []string{"ReplicateKey", "CreateKey"})
	require.Equal(t, map[string]any{
		"keyId": *id, "replicaRegion": "eu-west-1", "description": "in Ireland", "bypassPolicyLockoutSafetyCheck": false,
	}, replicate.RequestParameters)
	require.Equal(t, []struct{ ARN string }{{here}}, replicate.Resources)
	require.Equal(t, []struct{ ARN string }{{there}}, create.Resources)
	require.Equal(t, "in Ireland", create.RequestParameters["description"])
	require.Equal(t, true, create.RequestParameters["multiRegion"])
	require.Equal(t, replicate.ResponseElements["replicaKeyMetadata"], create.ResponseElements["keyMetadata"])

	require.Equal(t, "UpdatePrimaryRegion", lines[3].EventName)
	require.NotEqual(t, lines[3].RequestID, lines[4].RequestID, "a call that is refused has one record")
	from, to := lines[len(lines)-2], lines[len(lines)-1]
	requireTwo(t, from, to, []string{"UpdatePrimaryRegion", "UpdatePrimaryRegion"})
	require.Equal(t, map[string]any{"keyId": *id, "primaryRegion": "eu-west-1"}, from.RequestParameters)
	require.Equal(t, map[string]any{"keyId": there, "primaryRegion": "eu-west-1"}, to.RequestParameters)
	require.Equal(t, []struct{ ARN string }{{here}}, from.Resources)
	require.Nil(t, to.Resources, "it is not there")
	require.Nil(t, to.ResponseElements)
}

// requireTwo requires the records of one request in both Regions.
func requireTwo(t *testing.T, here, there line, names []string) {
	t.Helper()
	require.Equal(t, names, []string{here.EventName, there.EventName})
	require.Equal(t, []string{"us-east-1", "eu-west-1"}, []string{here.AWSRegion, there.AWSRegion})
	require.Equal(t, []string{"", "kms.amazonaws.com"}, []string{here.UserIdentity.InvokedBy, there.UserIdentity.InvokedBy})
	require.Equal(t, here.RequestID, there.RequestID)
	require.NotEqual(t, here.EventID, there.EventID)
	require.Equal(t, here.UserIdentity.AccessKeyID, there.UserIdentity.AccessKeyID)
}
