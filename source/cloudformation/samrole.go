package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
)

// roleOf collects the properties of a role that the transform makes.
type roleOf struct {
	*sam
	id       string
	pos      policy.Position
	managed  []*node
	policies []*node
}

// functionRole is the role of AWS::Serverless::Function: it may write logs, and what its properties call for
// (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html).
func (s *sam) functionRole(id string, properties *node) *node {
	r := &roleOf{sam: s, id: id, pos: properties.pos}
	if properties.get("DurableConfig") != nil {
		r.provided(properties.pos, "service-role/AWSLambdaBasicDurableExecutionRolePolicy")
	} else {
		r.provided(properties.pos, "service-role/AWSLambdaBasicExecutionRole")
	}
	if tracing := properties.get("Tracing"); tracing != nil && tracing.kind != nullNode && !isNoValue(tracing) && r.parameter(tracing) != "Disabled" && r.parameter(tracing) != "" {
		r.provided(tracing.pos, r.xray())
	}
	if vpc := properties.get("VpcConfig"); vpc != nil && !isNoValue(vpc) {
		r.provided(vpc.pos, "service-role/AWSLambdaVPCAccessExecutionRole")
	}
	r.addPolicies(properties.get("Policies"))
	r.addEvents(properties.get("Events"))
	return r.properties(properties, "lambda.amazonaws.com", "lambda:createdBy")
}

// stateMachineRole is the role of AWS::Serverless::StateMachine
// (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html).
func (s *sam) stateMachineRole(id string, properties *node) *node {
	r := &roleOf{sam: s, id: id, pos: properties.pos}
	r.addPolicies(properties.get("Policies"))
	if enabled := properties.get("Tracing").get("Enabled"); enabled != nil && strings.EqualFold(enabled.text, "true") {
		r.provided(enabled.pos, r.xray())
	}
	return r.properties(properties, "states.amazonaws.com", "stateMachine:createdBy")
}

// parameter is the text of a node that is written as it is or that refers to a parameter, else something that is no text of
// a template.
func (r *roleOf) parameter(n *node) string {
	if ref := n.get("Ref"); ref != nil && r.parameters[ref.text] != nil {
		return r.parameters[ref.text].value.text
	}
	if n.kind == scalarNode {
		return n.text
	}
	return string(unresolvedMark)
}

// xray is the policy for tracing, which has another name in the partition aws than elsewhere.
func (r *roleOf) xray() string {
	if r.partition == "aws" {
		return "AWSXrayWriteOnlyAccess"
	}
	return "AWSXRayDaemonWriteAccess"
}

// provided attaches a policy that AWS manages.
func (r *roleOf) provided(pos policy.Position, name string) {
	r.attach(scalarAt(pos, "arn:"+r.partition+":iam::aws:policy/"+name))
}

// attach attaches a managed policy, each once.
func (r *roleOf) attach(n *node) {
	if n.kind != scalarNode || !slices.ContainsFunc(r.managed, func(m *node) bool { return m.kind == scalarNode && m.text == n.text }) {
		r.managed = append(r.managed, n)
	}
}

// properties are the properties of the role.
func (r *roleOf) properties(of *node, service, createdBy string) *node {
	pos := of.pos
	trust := of.get("AssumeRolePolicyDocument")
	if trust == nil {
		trust = mapAt(pos, "Version", scalarAt(pos, "2012-10-17")).with("Statement", pos, listAt(pos,
			mapAt(pos, "Effect", scalarAt(pos, "Allow")).
				with("Action", pos, listAt(pos, scalarAt(pos, "sts:AssumeRole"))).
				with("Principal", pos, mapAt(pos, "Service", listAt(pos, scalarAt(pos, service))))))
	}
	out := mapAt(pos, "AssumeRolePolicyDocument", trust)
	if len(r.managed) > 0 {
		out = out.with("ManagedPolicyArns", pos, listAt(pos, r.managed...))
	}
	if len(r.policies) > 0 {
		out = out.with("Policies", pos, listAt(pos, r.policies...))
	}
	if path := of.get("RolePath"); path != nil {
		out = out.with("Path", path.pos, path)
	}
	if boundary := of.get("PermissionsBoundary"); boundary != nil {
		out = out.with("PermissionsBoundary", boundary.pos, boundary)
	}
	tags := listAt(pos)
	given := of.get("Tags")
	own := given != nil && given.kind == mapNode && !isFunction(given) && len(given.entries) > 0
	if propagate := of.get("PropagateTags"); !own || propagate == nil || !strings.EqualFold(propagate.text, "true") {
		tags.items = append(tags.items, tagAt(pos, createdBy, scalarAt(pos, "SAM")))
	}
	if own {
		for _, e := range given.entries {
			tags.items = append(tags.items, tagAt(e.pos, e.key, e.value))
		}
	}
	return out.with("Tags", pos, tags)
}

func tagAt(pos policy.Position, key string, value *node) *node {
	return mapAt(pos, "Key", scalarAt(pos, key)).with("Value", pos, value)
}

// pollPolicies are the policies that AWS provides for events that a function polls for.
var pollPolicies = map[string]string{
	"Kinesis": "service-role/AWSLambdaKinesisExecutionRole", "DynamoDB": "service-role/AWSLambdaDynamoDBExecutionRole",
	"SQS": "service-role/AWSLambdaSQSQueueExecutionRole", "MSK": "service-role/AWSLambdaMSKExecutionRole",
}

// secretEvents are the events whose credentials are in a secret, with the name of the policy that gives access to it.
var secretEvents = map[string]string{
	"MQ": "SamAutoGeneratedAMQPolicy", "SelfManagedKafka": "SelfManagedKafkaExecutionRolePolicy",
	"DocumentDB": "SamAutoGeneratedDocumentDBPolicy",
}

// addEvents adds what events call for. Of the policies about secrets the role gets the statement about the key that they are
// encrypted with, SecretsManagerKmsKeyId
// (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-mq.html).
func (r *roleOf) addEvents(events *node) {
	if events == nil || events.kind != mapNode {
		return
	}
	for _, e := range events.entries {
		kind, properties := e.value.get("Type"), e.value.get("Properties")
		if kind == nil {
			continue
		}
		if name := pollPolicies[kind.text]; name != "" {
			r.provided(e.pos, name)
		}
		if kind.text == "SNS" && properties.get("SqsSubscription") != nil && properties.get("SqsSubscription").text != "false" {
			r.provided(e.pos, pollPolicies["SQS"])
		}
		name := secretEvents[kind.text]
		key := properties.get("SecretsManagerKmsKeyId")
		if name == "" || key == nil {
			continue
		}
		if dynamic := properties.get("DynamicPolicyName"); kind.text == "MQ" && dynamic != nil && strings.EqualFold(dynamic.text, "true") {
			name = strings.TrimSuffix(r.id, "Role") + e.key + "AMQPolicy"
		}
		if key.kind != scalarNode {
			r.fail(key.pos, "wrong-type", "expected SecretsManagerKmsKeyId of the event %s as a string, found %s", e.key, key.kind)
			continue
		}
		r.inline(key.pos, name, keyStatement(key.pos, []string{"kms:Decrypt"}, key))
	}
}

// inline adds an inline policy.
func (r *roleOf) inline(pos policy.Position, name string, document *node) {
	r.policies = append(r.policies, mapAt(pos, "PolicyName", scalarAt(pos, name)).with("PolicyDocument", pos, document))
}

// serviceRolePolicies are the policies of AWS for functions whose path is not /.
var serviceRolePolicies = []string{
	"AWSLambdaBasicDurableExecutionRolePolicy", "AWSLambdaBasicExecutionRole", "AWSLambdaDynamoDBExecutionRole",
	"AWSLambdaENIManagementAccess", "AWSLambdaKinesisExecutionRole", "AWSLambdaMSKExecutionRole", "AWSLambdaRole",
	"AWSLambdaSQSQueueExecutionRole", "AWSLambdaVPCAccessExecutionRole",
}

// managedARN is the ARN of a managed policy that a template names: SAM looks for the name among the policies of AWS.
func (r *roleOf) managedARN(name *node) *node {
	if strings.HasPrefix(name.text, "arn:") {
		return name
	}
	arn, ok := iam.AWSManagedPolicyARN(r.partition, name.text)
	if !ok && slices.Contains(serviceRolePolicies, name.text) {
		return scalarAt(name.pos, "arn:"+r.partition+":iam::aws:policy/service-role/"+name.text)
	}
	if !ok {
		arn = "arn:" + r.partition + ":iam::aws:policy/" + name.text
	}
	return scalarAt(name.pos, arn)
}
