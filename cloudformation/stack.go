package cloudformation

import (
	"slices"

	"github.com/strictkms/strictkms/internal/operation"
)

var stackOperations = []operationOf{
	answers("CreateStack", createStack),
	answers("UpdateStack", updateStack),
	acts("DeleteStack", deleteStack),
	answers("UpdateTerminationProtection", updateTerminationProtection),
}

// tagInput is a tag of a request.
type tagInput struct {
	Key   *string `cfn:"required,min=1,max=128"`
	Value *string `cfn:"required,min=1,max=256"`
}

// rollbackConfiguration names alarms, which there are none of.
type rollbackConfiguration struct {
	RollbackTriggers        []rollbackTrigger `cfn:"max=5"`
	MonitoringTimeInMinutes *int32            `cfn:"min=0,max=180"`
}

type rollbackTrigger struct {
	Arn  *string `cfn:"required"`
	Type *string `cfn:"required"`
}

func tagRecords(tags []tagInput) []tagRecord {
	var out []tagRecord
	for _, t := range tags {
		out = append(out, tagRecord{*t.Key, *t.Value})
	}
	return out
}

type createStackInput struct {
	StackName                   *string `cfn:"required"`
	TemplateBody                *string `cfn:"min=1" json:"-"`
	TemplateURL                 *string `cfn:"min=1,max=5120"`
	Parameters                  []parameterInput
	DisableRollback             *bool
	RollbackConfiguration       *rollbackConfiguration
	TimeoutInMinutes            *int32     `cfn:"min=1"`
	NotificationARNs            []string   `cfn:"max=5"`
	Capabilities                []string   `cfn:"each=enum=Capability"`
	ResourceTypes               []string   `cfn:"each=min=1;max=256"`
	RoleARN                     *string    `cfn:"min=20,max=2048"`
	OnFailure                   *string    `cfn:"enum=OnFailure"`
	StackPolicyBody             *string    `cfn:"min=1,max=16384"`
	StackPolicyURL              *string    `cfn:"min=1,max=5120"`
	Tags                        []tagInput `cfn:"max=50"`
	ClientRequestToken          *string    `cfn:"min=1,max=128,pattern=token"`
	EnableTerminationProtection *bool
	RetainExceptOnCreate        *bool
}

type stackIDOutput struct{ StackId string }

// refused names the first parameter of a request that is given and not supported.
func refused(role *string, configuration *rollbackConfiguration, notifications, types []string, others ...*string) error {
	switch {
	case role != nil:
		return notSupported("RoleARN")
	case configuration != nil && len(configuration.RollbackTriggers) > 0:
		return notSupported("RollbackConfiguration")
	case len(notifications) > 0:
		return notSupported("NotificationARNs")
	case len(types) > 0:
		return notSupported("ResourceTypes")
	case slices.ContainsFunc(others, func(p *string) bool { return p != nil }):
		return notSupported("a stack policy")
	default:
		return nil
	}
}

// requestKeys are the condition keys of a request that makes or changes a stack.
func requestKeys(role, url, policyURL *string, types []string, tags []tagInput) []keys {
	k := keys{}
	for name, p := range map[string]*string{"RoleArn": role, "TemplateUrl": url, "StackPolicyUrl": policyURL} {
		if p != nil {
			k["cloudformation:"+name] = []string{*p}
		}
	}
	if len(types) > 0 {
		k["cloudformation:ResourceTypes"] = types
	}
	return []keys{k, requestTags(tags)}
}

// newStack is a stack that is not there yet.
func (c *call) newStack(name string) (*stackRecord, error) {
	id, err := c.newUUID()
	if err != nil {
		return nil, err
	}
	return &stackRecord{
		ID: c.arn("stack", name, id), Name: name, Created: c.now(),
		storeName: stackPrefix + c.place() + name + "/" + id, account: c.Account, region: c.Region, id: id,
	}, nil
}

// define reads a template with its parameters.
func (c *call) define(body string, given []parameterInput, before []parameterRecord, caps []string, tags []tagRecord) (*definition, error) {
	t, err := outline(body)
	if err != nil {
		return nil, err
	}
	parameters, err := parametersOf(t, given, before)
	if err != nil {
		return nil, err
	}
	return &definition{body, t.Description(), parameters, caps, tags}, nil
}

func (d *definition) checkCapabilities() error {
	t, err := outline(d.template)
	if err != nil {
		return err
	}
	return checkCapabilities(t, d.capabilities)
}

func createStack(c *call, in *createStackInput) (*stackIDOutput, error) {
	c, done := c.changing()
	defer done()
	name := *in.StackName
	if err := checkStackName(name); err != nil {
		return nil, err
	}
	old, err := c.find(name)
	if err != nil {
		return nil, err
	}
	more := requestKeys(in.RoleARN, in.TemplateURL, in.StackPolicyURL, in.ResourceTypes, in.Tags)
	if err := c.authorizeStack("CreateStack", nil, name, more...); err != nil {
		return nil, err
	}
	err = refused(in.RoleARN, in.RollbackConfiguration, in.NotificationARNs, in.ResourceTypes, in.StackPolicyBody, in.StackPolicyURL)
	if err != nil {
		return nil, err
	}
	if in.DisableRollback != nil && in.OnFailure != nil {
		return nil, invalid("You can specify either DisableRollback or OnFailure, but not both.")
	}
	body, err := checkBody(in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	d, err := c.define(body, in.Parameters, nil, in.Capabilities, tagRecords(in.Tags))
	if err != nil {
		return nil, err
	}
	if old != nil {
		return nil, operation.Errorf(codeAlreadyExists, "Stack [%s] already exists", name)
	}
	if err := d.checkCapabilities(); err != nil {
		return nil, err
	}
	s, err := c.newStack(name)
	if err != nil {
		return nil, err
	}
	s.define(d)
	s.NoRollback, s.Protected = value(in.DisableRollback, false), value(in.EnableTerminationProtection, false)
	s.RetainExceptOnCreate, s.TimeoutInMinutes = value(in.RetainExceptOnCreate, false), int(value(in.TimeoutInMinutes, 0))
	onFailure := value(in.OnFailure, onFailureRollback)
	if s.NoRollback {
		onFailure = onFailureNothing
	}
	w := c.work(s, value(in.ClientRequestToken, ""))
	if err := w.read(s.Template, s.Parameters); err != nil {
		return nil, err
	}
	return &stackIDOutput{s.ID}, w.create(onFailure)
}

type updateStackInput struct {
	StackName                   *string `cfn:"required"`
	TemplateBody                *string `cfn:"min=1" json:"-"`
	TemplateURL                 *string `cfn:"min=1,max=5120"`
	UsePreviousTemplate         *bool
	StackPolicyDuringUpdateBody *string `cfn:"min=1,max=16384"`
	StackPolicyDuringUpdateURL  *string `cfn:"min=1,max=5120"`
	Parameters                  []parameterInput
	Capabilities                []string `cfn:"each=enum=Capability"`
	ResourceTypes               []string `cfn:"each=min=1;max=256"`
	RoleARN                     *string  `cfn:"min=20,max=2048"`
	RollbackConfiguration       *rollbackConfiguration
	StackPolicyBody             *string    `cfn:"min=1,max=16384"`
	StackPolicyURL              *string    `cfn:"min=1,max=5120"`
	NotificationARNs            []string   `cfn:"max=5"`
	Tags                        []tagInput `cfn:"max=50"`
	DisableRollback             *bool
	ClientRequestToken          *string `cfn:"min=1,max=128,pattern=token"`
	RetainExceptOnCreate        *bool
}

// updatable are the statuses of stacks that can be updated
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html#troubleshooting-errors-update-rollback-failed
// and view-stack-events.html).
var updatable = []string{
	statusCreateComplete, statusUpdateComplete, statusUpdateRollbackComplete, statusUpdateFailed, statusCreateFailed,
}

func (s *stackRecord) checkUpdatable() error {
	if slices.Contains(updatable, s.Status) {
		return nil
	}
	return invalid("Stack:%s is in %s state and can not be updated.", s.ID, s.Status)
}

// redefine is the definition that an update gives a stack: what it does not say stays as it is. What it may make is
// acknowledged by its capabilities.
func (c *call) redefine(s *stackRecord, body, url *string, previous *bool, given []parameterInput, caps []string, tags []tagInput) (*definition, error) {
	text := s.Template
	if !value(previous, false) {
		var err error
		if text, err = checkBody(body, url); err != nil {
			return nil, err
		}
	} else if body != nil || url != nil {
		return nil, invalid("Only one of TemplateBody, TemplateUrl or UsePreviousTemplate may be specified.")
	}
	records := s.Tags
	if tags != nil {
		records = tagRecords(tags)
	}
	d, err := c.define(text, given, s.Parameters, caps, records)
	if err != nil {
		return nil, err
	}
	return d, d.checkCapabilities()
}

// draft is the stack with another definition, for plans: nothing of it is saved.
func (s *stackRecord) draft(d *definition) *stackRecord {
	made := *s
	made.define(d)
	return &made
}

func updateStack(c *call, in *updateStackInput) (*stackIDOutput, error) {
	c, done := c.changing()
	defer done()
	s, err := c.find(*in.StackName)
	if err != nil {
		return nil, err
	}
	more := requestKeys(in.RoleARN, in.TemplateURL, in.StackPolicyURL, in.ResourceTypes, in.Tags)
	if err := c.authorizeStack("UpdateStack", s, *in.StackName, more...); err != nil {
		return nil, err
	}
	err = refused(in.RoleARN, in.RollbackConfiguration, in.NotificationARNs, in.ResourceTypes, in.StackPolicyBody,
		in.StackPolicyURL, in.StackPolicyDuringUpdateBody, in.StackPolicyDuringUpdateURL)
	if err != nil {
		return nil, err
	}
	if s == nil || s.Status == statusDeleteComplete {
		return nil, invalid("Stack [%s] does not exist", *in.StackName)
	}
	if err := s.checkUpdatable(); err != nil {
		return nil, err
	}
	d, err := c.redefine(s, in.TemplateBody, in.TemplateURL, in.UsePreviousTemplate, in.Parameters, in.Capabilities, in.Tags)
	if err != nil {
		return nil, err
	}
	_, has, failed, err := c.planUpdate(s, d)
	switch {
	case err != nil:
		return nil, err
	case code(failed) != "": // what is wrong with one resource is told in its event
		return nil, failed
	case failed == nil && !has:
		return nil, invalid("No updates are to be performed.")
	}
	if err := c.outdate(s); err != nil {
		return nil, err
	}
	return &stackIDOutput{s.ID}, c.runUpdate(s, d, value(in.DisableRollback, false), value(in.ClientRequestToken, ""))
}

// outdate marks the change sets of a stack that changes otherwise: they no longer say what they would change
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html, ExecutionStatus).
func (c *call) outdate(s *stackRecord) error {
	sets, err := c.changeSets(s)
	if err != nil {
		return err
	}
	for _, set := range sets {
		if set.ExecutionStatus != executionAvailable {
			continue
		}
		set.ExecutionStatus = executionObsolete
		if err := c.saveChangeSet(set); err != nil {
			return err
		}
	}
	return nil
}

// planUpdate says what giving a stack another definition would do, or why it would fail.
func (c *call) planUpdate(s *stackRecord, d *definition) (changes []changeRecord, has bool, failed, err error) {
	w := c.work(s.draft(d), "")
	if err := w.read(d.template, d.parameters); err != nil {
		return nil, false, nil, err
	}
	changes, has, failed = w.plan(s.Tags)
	return changes, has, failed, nil
}

func (c *call) runUpdate(s *stackRecord, d *definition, noRollback bool, token string) error {
	w := c.work(s, token)
	if err := w.read(d.template, d.parameters); err != nil {
		return err
	}
	before := s.define(d)
	s.NoRollback = noRollback
	return w.update(before, noRollback)
}

type deleteStackInput struct {
	StackName          *string `cfn:"required"`
	RetainResources    []string
	RoleARN            *string `cfn:"min=20,max=2048"`
	ClientRequestToken *string `cfn:"min=1,max=128,pattern=token"`
	DeletionMode       *string `cfn:"enum=DeletionMode"`
}

// deleteStack deletes a stack. One that is not there is as good as deleted.
func deleteStack(c *call, in *deleteStackInput) error {
	c, done := c.changing()
	defer done()
	s, err := c.find(*in.StackName)
	if err != nil {
		return err
	}
	if err := c.authorizeStack("DeleteStack", s, *in.StackName, requestKeys(in.RoleARN, nil, nil, nil, nil)...); err != nil {
		return err
	}
	switch {
	case in.RoleARN != nil:
		return notSupported("RoleARN")
	case value(in.DeletionMode, "STANDARD") != "STANDARD":
		return notSupported("DeletionMode FORCE_DELETE_STACK")
	case s == nil || s.Status == statusDeleteComplete:
		return nil
	case s.Protected:
		return invalid("Stack [%s] cannot be deleted while TerminationProtection is enabled", s.Name)
	case len(in.RetainResources) > 0 && s.Status != statusDeleteFailed:
		return invalid("Invalid operation on stack [%s]. RetainResources may only be used on a stack in DELETE_FAILED state.", s.ID)
	}
	for _, id := range in.RetainResources {
		if s.resource(id) == nil {
			return invalid("Resource %s does not exist for stack %s", id, s.Name)
		}
	}
	return c.work(s, value(in.ClientRequestToken, "")).deleteAll(in.RetainResources, userInitiated)
}

type updateTerminationProtectionInput struct {
	EnableTerminationProtection *bool   `cfn:"required"`
	StackName                   *string `cfn:"required,min=1,pattern=stack"`
}

func updateTerminationProtection(c *call, in *updateTerminationProtectionInput) (*stackIDOutput, error) {
	c, done := c.changing()
	defer done()
	s, err := c.existing("UpdateTerminationProtection", *in.StackName, "Stack [%s] does not exist")
	if err != nil {
		return nil, err
	}
	s.Protected = *in.EnableTerminationProtection
	return &stackIDOutput{s.ID}, c.save(s)
}
