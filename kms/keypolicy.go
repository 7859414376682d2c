package kms

// keyPolicyOperations are the operations on key policies. A key has one, with the name default.
var keyPolicyOperations = []operation{
	answers("GetKeyPolicy", getKeyPolicy),
	answers("ListKeyPolicies", listKeyPolicies),
	acts("PutKeyPolicy", putKeyPolicy),
}

// policyName is the only name a key policy can have.
const policyName = "default"

type getKeyPolicyInput struct {
	KeyId      *string `kms:"required,min=1,max=2048"`
	PolicyName *string `kms:"min=1,max=128,pattern=PolicyNameType"`
}

type getKeyPolicyOutput struct{ Policy, PolicyName string }

func getKeyPolicy(c *call, in *getKeyPolicyInput) (*getKeyPolicyOutput, error) {
	key, err := c.usableKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	if value(in.PolicyName, policyName) != policyName {
		return nil, failf(CodeNotFound, "No such policy exists")
	}
	return &getKeyPolicyOutput{c.service.shownPolicy(key), policyName}, nil
}

type putKeyPolicyInput struct {
	KeyId                          *string `kms:"required,min=1,max=2048"`
	PolicyName                     *string `kms:"min=1,max=128,pattern=PolicyNameType"`
	Policy                         *string `kms:"required,min=1,max=131072,pattern=PolicyType"`
	BypassPolicyLockoutSafetyCheck *bool   ``
}

func putKeyPolicy(c *call, in *putKeyPolicyInput) error {
	context := map[string][]string{}
	addBypass(context, in.BypassPolicyLockoutSafetyCheck)
	key, err := c.usableKey(*in.KeyId, context)
	if err != nil {
		return err
	}
	if value(in.PolicyName, policyName) != policyName {
		return failf(CodeNotFound, "No such policy exists")
	}
	ids, err := c.service.checkPolicy(*in.Policy)
	if err != nil {
		return err
	}
	record := *key.record
	record.Policy, record.PrincipalIDs = *in.Policy, ids
	draft, err := c.service.state.newKey(key.path(), key, &touch{record: &record})
	if err != nil {
		return err
	}
	if err := c.checkLockout(draft, "", in.BypassPolicyLockoutSafetyCheck); err != nil {
		return err
	}
	return c.service.write(c.ctx, key, &record)
}

type listKeyPoliciesInput struct {
	KeyId  *string `kms:"required,min=1,max=2048"`
	Limit  *int32  `kms:"min=1,max=1000"`
	Marker *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type listKeyPoliciesOutput struct {
	PolicyNames []string
	paging
}

func listKeyPolicies(c *call, in *listKeyPoliciesInput) (*listKeyPoliciesOutput, error) {
	if _, err := c.usableKey(*in.KeyId, nil); err != nil {
		return nil, err
	}
	after, err := afterMarker("policies", in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listKeyPoliciesOutput{}
	names := afterName([]string{policyName}, after, func(name string) string { return name })
	out.PolicyNames, out.paging = page("policies", in.Limit, names)
	return out, nil
}
