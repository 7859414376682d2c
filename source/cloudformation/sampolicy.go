package cloudformation

import (
	"maps"
	"slices"
	"strconv"

	"github.com/strictkms/strictkms/policy"
)

// samPolicy says what an entry of Policies is.
type samPolicy int

const (
	noPolicy       samPolicy = iota
	managedPolicy            // a name or an ARN
	inlinePolicy             // a document
	templatePolicy           // a policy template of SAM with its parameters
)

// policyTemplates are the policy templates of SAM with the parameters that they need. Those with actions are about services
// that are decided here; the others allow nothing that a decision here depends on
// (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html).
var policyTemplates = map[string]policyTemplate{
	"KMSDecryptPolicy": {parameter: "KeyId", actions: []string{"kms:Decrypt"}},
	"KMSEncryptPolicy": {parameter: "KeyId", actions: []string{"kms:Encrypt"}},
	"KMSEncryptPolicy_v2": {parameter: "KeyId", actions: []string{
		"kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyPair",
		"kms:GenerateDataKeyPairWithoutPlaintext",
	}},
	"CloudFormationDescribeStacksPolicy": {
		actions:  []string{"cloudformation:DescribeStacks"},
		resource: "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*",
	},
	"OrganizationsListAccountsPolicy": {actions: []string{"organizations:ListAccounts"}, resource: "*"},
}

// policyTemplate is a policy template.
type policyTemplate struct {
	parameter string
	actions   []string
	// resource is a text for Fn::Sub, empty for the key that the parameter names.
	resource string
}

// otherPolicyTemplates are the names of the policy templates that are about other services.
var otherPolicyTemplates = []string{
	"AMIDescribePolicy", "AWSSecretsManagerGetSecretValuePolicy", "AWSSecretsManagerRotationPolicy", "AcmGetCertificatePolicy",
	"AthenaQueryPolicy", "CloudWatchDashboardPolicy", "CloudWatchDescribeAlarmHistoryPolicy", "CloudWatchPutMetricPolicy",
	"CodeCommitCrudPolicy", "CodeCommitReadPolicy", "CodePipelineLambdaExecutionPolicy", "CodePipelineReadOnlyPolicy",
	"ComprehendBasicAccessPolicy", "CostExplorerReadOnlyPolicy", "DynamoDBBackupFullAccessPolicy", "DynamoDBCrudPolicy",
	"DynamoDBReadPolicy", "DynamoDBReconfigurePolicy", "DynamoDBRestoreFromBackupPolicy", "DynamoDBStreamReadPolicy",
	"DynamoDBWritePolicy", "EC2CopyImagePolicy", "EC2DescribePolicy", "EFSWriteAccessPolicy", "EKSDescribePolicy",
	"EcsRunTaskPolicy", "ElasticMapReduceAddJobFlowStepsPolicy", "ElasticMapReduceCancelStepsPolicy",
	"ElasticMapReduceModifyInstanceFleetPolicy", "ElasticMapReduceModifyInstanceGroupsPolicy",
	"ElasticMapReduceSetTerminationProtectionPolicy", "ElasticMapReduceTerminateJobFlowsPolicy", "ElasticsearchHttpPostPolicy",
	"EventBridgePutEventsPolicy", "FilterLogEventsPolicy", "FirehoseCrudPolicy", "FirehoseWritePolicy", "KinesisCrudPolicy",
	"KinesisStreamReadPolicy", "LambdaInvokePolicy", "MobileAnalyticsWriteOnlyAccessPolicy", "PinpointEndpointAccessPolicy",
	"PollyFullAccessPolicy", "RekognitionDetectOnlyPolicy", "RekognitionFacesManagementPolicy", "RekognitionFacesPolicy",
	"RekognitionLabelsPolicy", "RekognitionNoDataAccessPolicy", "RekognitionReadPolicy", "RekognitionWriteOnlyAccessPolicy",
	"Route53ChangeResourceRecordSetsPolicy", "S3CrudPolicy", "S3FullAccessPolicy", "S3ReadPolicy", "S3WritePolicy",
	"SESBulkTemplatedCrudPolicy", "SESBulkTemplatedCrudPolicy_v2", "SESCrudPolicy", "SESEmailTemplateCrudPolicy",
	"SESSendBouncePolicy", "SNSCrudPolicy", "SNSPublishMessagePolicy", "SQSPollerPolicy", "SQSSendMessagePolicy",
	"SSMParameterReadPolicy", "SSMParameterWithSlashPrefixReadPolicy", "SageMakerCreateEndpointConfigPolicy",
	"SageMakerCreateEndpointPolicy", "ServerlessRepoReadWriteAccessPolicy", "StepFunctionsCallbackPolicy",
	"StepFunctionsExecutionPolicy", "StepFunctionsExecutionPolicy_v2", "TextractDetectAnalyzePolicy", "TextractGetResultPolicy",
	"TextractPolicy", "VPCAccessPolicy",
}

// addPolicies adds the entries of Policies, which may be one by itself.
func (r *roleOf) addPolicies(policies *node) {
	if policies == nil || policies.kind == nullNode || isNoValue(policies) {
		return
	}
	items := []*node{policies}
	if policies.kind == listNode {
		items = policies.items
	}
	for i, item := range items {
		kind, converted := r.policyEntry(item)
		switch {
		case converted == nil:
		case kind == managedPolicy:
			r.attach(converted)
		default:
			name := scalarAt(item.pos, r.id+"Policy"+strconv.Itoa(i))
			r.policies = append(r.policies, named(name, converted))
		}
	}
}

// named gives a document a name, each one of a choice.
func named(name, document *node) *node {
	if choice := document.get("Fn::If"); choice != nil && len(document.entries) == 1 && len(choice.items) == 3 {
		return mapAt(document.pos, "Fn::If", listAt(choice.pos, choice.items[0], named(name, choice.items[1]), named(name, choice.items[2])))
	}
	if isNoValue(document) {
		return document
	}
	return mapAt(document.pos, "PolicyName", name).with("PolicyDocument", document.pos, document)
}

// policyEntry finds out what an entry is, and returns the ARN of a managed policy, or a document. It is nil for a policy that
// allows nothing that is decided here.
func (r *roleOf) policyEntry(n *node) (samPolicy, *node) {
	switch {
	case n.kind == scalarNode:
		return managedPolicy, r.managedARN(n)
	case n.kind != mapNode || len(n.entries) == 0:
		r.fail(n.pos, "wrong-type", "expected a policy of %s as the name or ARN of a managed policy, a policy document or a policy template, found %s", r.id, n.kind)
		return noPolicy, nil
	case isNoValue(n):
		return noPolicy, n
	case n.get("Fn::If") != nil && len(n.entries) == 1:
		return r.policyChoice(n)
	case isFunction(n):
		return managedPolicy, n
	case n.get("Statement") != nil:
		return inlinePolicy, n
	case len(n.entries) == 1:
		return templatePolicy, r.policyTemplate(n.entries[0])
	default:
		r.fail(n.pos, "wrong-type", "expected a policy of %s with a Statement, or a policy template by itself", r.id)
		return noPolicy, nil
	}
}

// policyChoice converts both sides of Fn::If, which must be of one kind.
func (r *roleOf) policyChoice(n *node) (samPolicy, *node) {
	choice := n.get("Fn::If")
	if len(choice.items) != 3 {
		r.fail(choice.pos, "wrong-arguments", "expected Fn::If with a condition and two values")
		return noPolicy, nil
	}
	nothing := mapAt(n.pos, "Ref", scalarAt(n.pos, "AWS::NoValue"))
	kinds, sides := [2]samPolicy{}, [2]*node{}
	for i := range sides {
		if kinds[i], sides[i] = r.policyEntry(choice.items[i+1]); sides[i] == nil {
			sides[i] = nothing
		}
		if kinds[i] == templatePolicy {
			kinds[i] = inlinePolicy // which it has become
		}
	}
	if kinds[0] != kinds[1] && kinds[0] != noPolicy && kinds[1] != noPolicy {
		r.fail(n.pos, "wrong-type", "expected the same kind of policy on both sides of Fn::If")
		return noPolicy, nil
	}
	if isNoValue(sides[0]) && isNoValue(sides[1]) {
		return noPolicy, nil
	}
	return max(kinds[0], kinds[1]), mapAt(n.pos, "Fn::If", listAt(choice.pos, choice.items[0], sides[0], sides[1]))
}

// policyTemplate expands a policy template.
func (r *roleOf) policyTemplate(e entry) *node {
	known, ok := policyTemplates[e.key]
	switch {
	case !ok && slices.Contains(otherPolicyTemplates, e.key):
		return nil
	case !ok:
		names := slices.Concat(slices.Collect(maps.Keys(policyTemplates)), otherPolicyTemplates)
		slices.Sort(names)
		r.fail(e.pos, "unknown-policy-template", "%s is no policy document and no policy template of SAM%s", quote(e.key), didYouMean(e.key, names))
		return nil
	case known.parameter == "":
		return statement(e.pos, known.actions, mapAt(e.pos, "Fn::Sub", scalarAt(e.pos, known.resource)))
	}
	value := e.value.get(known.parameter)
	if value == nil {
		r.fail(e.pos, "missing-property", "the policy template %s needs %s", e.key, known.parameter)
		return nil
	}
	return keyStatement(e.pos, known.actions, value)
}

// keyStatement is a document that allows actions on a key, by its id.
func keyStatement(pos policy.Position, actions []string, id *node) *node {
	return statement(pos, actions, mapAt(pos, "Fn::Sub", listAt(pos,
		scalarAt(pos, "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${keyId}"), mapAt(pos, "keyId", id))))
}

// statement is a document that allows actions on a resource.
func statement(pos policy.Position, actions []string, resource *node) *node {
	list := listAt(pos)
	for _, a := range actions {
		list.items = append(list.items, scalarAt(pos, a))
	}
	return mapAt(pos, "Statement", listAt(pos, mapAt(pos, "Effect", scalarAt(pos, "Allow")).
		with("Action", pos, list).with("Resource", pos, resource)))
}
