package cloudformation_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kmstest"
)

const rootOnly = `{Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: kms:*, Resource: "*"}}`

// replica is a template with a replica of a key.
func replica(arn, more string) string {
	return "Resources: {R: {Type: AWS::KMS::ReplicaKey, Properties: {PrimaryKeyArn: '" + arn + "', KeyPolicy: " + rootOnly + more + `}}}
Outputs: {Arn: {Value: !GetAtt R.Arn}, Id: {Value: !Ref R}}`
}

// TestReplicaKey: a stack in one Region has the replica of a key in another
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-replicakey.html).
func TestReplicaKey(t *testing.T) {
	t.Parallel()
	server, root := start(t)
	there := &client{t, root.config.Copy()}
	there.config.Region = "eu-west-1"
	home, away := kms.NewFromConfig(root.config), kms.NewFromConfig(there.config)
	made, err := home.CreateKey(t.Context(), &kms.CreateKeyInput{MultiRegion: aws.Bool(true)})
	require.NoError(t, err)
	arn, id := *made.KeyMetadata.Arn, *made.KeyMetadata.KeyId
	describe := func() *types.KeyMetadata {
		out, err := away.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(id)})
		require.NoError(t, err)
		return out.KeyMetadata
	}

	s := there.create("there", replica(arn, ", Description: first, Enabled: false, PendingWindowInDays: 7, Tags: [{Key: a, Value: b}]"))
	require.Equal(t, "CREATE_COMPLETE", s.status, there.reasons("there"))
	require.Equal(t, map[string]string{"Arn": "arn:aws:kms:eu-west-1:111122223333:key/" + id, "Id": id}, s.outputs)
	key := describe()
	require.Equal(t, types.KeyStateDisabled, key.KeyState)
	require.Equal(t, "first", *key.Description)
	require.Equal(t, types.MultiRegionKeyTypeReplica, key.MultiRegionConfiguration.MultiRegionKeyType)

	s = there.update("there", replica(arn, ", Description: second, PendingWindowInDays: 7"))
	require.Equal(t, "UPDATE_COMPLETE", s.status, there.reasons("there"))
	key = describe()
	require.Equal(t, []any{types.KeyStateEnabled, "second"}, []any{key.KeyState, *key.Description})

	there.do("DeleteStack", in{"StackName": "there"})
	require.Equal(t, types.KeyStatePendingDeletion, describe().KeyState)
	server.Clock.Advance(7 * 24 * time.Hour)
	s = there.create("again", replica(arn, ""))
	require.Equal(t, "CREATE_COMPLETE", s.status, there.reasons("again"))
}

func TestReplicaKeyIsRefused(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	single, err := kms.NewFromConfig(root.config).CreateKey(t.Context(), nil)
	require.NoError(t, err)
	there := &client{t, root.config.Copy()}
	there.config.Region = "eu-west-1"
	require.Equal(t, "ROLLBACK_COMPLETE", there.create("single", replica(*single.KeyMetadata.Arn, "")).status)
	require.Contains(t, there.reasons("single"), "is not a multi-region primary key.")
	require.Equal(t, "ROLLBACK_COMPLETE", there.create("gone",
		replica("arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", "")).status)
	require.Contains(t, there.reasons("gone"), "does not exist")
	require.Equal(t, "ROLLBACK_COMPLETE",
		there.create("without", "Resources: {R: {Type: AWS::KMS::ReplicaKey, Properties: {KeyPolicy: "+rootOnly+"}}}").status)
	require.Contains(t, there.reasons("without"), "required key [PrimaryKeyArn] not found")
	require.Equal(t, "ROLLBACK_COMPLETE", there.create("alias", replica("alias/x", "")).status)
	require.Contains(t, there.reasons("alias"), "expected the ARN of a multi-Region primary key")
}

// TestReplicaKeyIsDecidedInBothRegions: who deploys needs kms:ReplicateKey on the key and kms:CreateKey in the Region of the stack.
func TestReplicaKeyIsDecidedInBothRegions(t *testing.T) {
	t.Parallel()
	const world = `
accounts:
  "111122223333":
    users:
      alice:
        policies:
          Own:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: ["cloudformation:*", "kms:*"], Resource: "*"}
              - {Effect: Deny, Action: kms:CreateKey, Resource: "*", Condition: {StringEquals: {aws:RequestedRegion: eu-west-1}}}
    keys:
      mrk-1234abcd12ab34cd56ef1234567890ab: {multi-region: true}
`
	server := kmstest.Start(t, kmstest.WithWorld(world))
	alice := &client{t, server.Config("user/alice")}
	const arn = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
	for region, status := range map[string]string{"eu-west-1": "ROLLBACK_COMPLETE", "eu-west-2": "CREATE_COMPLETE"} {
		alice.config.Region = region
		require.Equal(t, status, alice.create("stack", replica(arn, "")).status, alice.reasons("stack"))
	}
	alice.config.Region = "eu-west-1"
	require.Contains(t, alice.reasons("stack"), "kms:CreateKey on resource: * with an explicit deny in an identity-based policy")
}
