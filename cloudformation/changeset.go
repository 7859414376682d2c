package cloudformation

import (
	"errors"
	"strings"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
)

var changeSetOperations = []operationOf{
	answers("CreateChangeSet", createChangeSet),
	answers("DescribeChangeSet", describeChangeSet),
	answers("ExecuteChangeSet", executeChangeSet),
	answers("DeleteChangeSet", deleteChangeSet),
	answers("ListChangeSets", listChangeSets),
}

// noChanges is why a change set failed that would do nothing. Clients know it by its text.
const noChanges = "The submitted information didn't contain changes. Submit different information to create a change set."

// The statuses of change sets, and whether they can be executed.
const (
	setComplete = statusCreateComplete
	setFailed   = "FAILED"

	executionAvailable   = "AVAILABLE"
	executionUnavailable = "UNAVAILABLE"
	executionComplete    = "EXECUTE_COMPLETE"
	executionObsolete    = "OBSOLETE"
)

type createChangeSetInput struct {
	StackName               *string `cfn:"required,min=1,pattern=stack"`
	TemplateBody            *string `cfn:"min=1" json:"-"`
	TemplateURL             *string `cfn:"min=1,max=5120"`
	UsePreviousTemplate     *bool
	Parameters              []parameterInput
	Capabilities            []string `cfn:"each=enum=Capability"`
	ResourceTypes           []string `cfn:"each=min=1;max=256"`
	RoleARN                 *string  `cfn:"min=20,max=2048"`
	RollbackConfiguration   *rollbackConfiguration
	NotificationARNs        []string           `cfn:"max=5"`
	Tags                    []tagInput         `cfn:"max=50"`
	ChangeSetName           *string            `cfn:"required,min=1,max=128,pattern=changeSet"`
	ClientToken             *string            `cfn:"min=1,max=128"`
	Description             *string            `cfn:"min=1,max=1024"`
	ChangeSetType           *string            `cfn:"enum=ChangeSetType"`
	ResourcesToImport       []resourceToImport `cfn:"max=200"`
	IncludeNestedStacks     *bool
	OnStackFailure          *string `cfn:"enum=OnStackFailure"`
	ImportExistingResources *bool
	DeploymentMode          *string `cfn:"enum=DeploymentMode"`
}

type resourceToImport struct {
	ResourceType       *string           `cfn:"required,min=1,max=256"`
	LogicalResourceId  *string           `cfn:"required"`
	ResourceIdentifier map[string]string `cfn:"required,min=1,max=256"`
}

type createChangeSetOutput struct{ Id, StackId string }

// createChangeSet makes a change set, and for a stack that is to be made a stack in REVIEW_IN_PROGRESS
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html).
func createChangeSet(c *call, in *createChangeSetInput) (*createChangeSetOutput, error) {
	c, done := c.changing()
	defer done()
	s, err := c.find(*in.StackName)
	if err != nil {
		return nil, err
	}
	more := append(requestKeys(in.RoleARN, in.TemplateURL, nil, in.ResourceTypes, in.Tags),
		keys{"cloudformation:ChangeSetName": {*in.ChangeSetName}})
	if err := c.authorizeStack("CreateChangeSet", s, *in.StackName, more...); err != nil {
		return nil, err
	}
	if err := in.check(s); err != nil {
		return nil, err
	}
	isNew := s == nil || s.Status == statusDeleteComplete
	if isNew {
		if err := checkStackName(*in.StackName); err != nil {
			return nil, err
		}
		if s, err = c.newStack(*in.StackName); err != nil {
			return nil, err
		}
	}
	d, err := c.redefine(s, in.TemplateBody, in.TemplateURL, in.UsePreviousTemplate, in.Parameters, in.Capabilities, in.Tags)
	if err != nil {
		return nil, err
	}
	set, err := c.newChangeSet(s, in, d)
	if err != nil {
		return nil, err
	}
	if isNew {
		s.ChangeSetID = set.ID
		if err := c.work(s, "").event(nil, statusReview, userInitiated); err != nil {
			return nil, err
		}
	}
	return &createChangeSetOutput{set.ID, s.ID}, c.saveChangeSet(set)
}

// check holds the request to the state of the stack, nil for one that is not there.
func (in *createChangeSetInput) check(s *stackRecord) error {
	err := refused(in.RoleARN, in.RollbackConfiguration, in.NotificationARNs, in.ResourceTypes)
	kind := value(in.ChangeSetType, "UPDATE")
	switch {
	case err != nil:
		return err
	case kind == "IMPORT" || len(in.ResourcesToImport) > 0 || value(in.ImportExistingResources, false):
		return notSupported("the import of resources")
	case value(in.IncludeNestedStacks, false):
		return notSupported("IncludeNestedStacks")
	case in.DeploymentMode != nil:
		return notSupported("DeploymentMode")
	case kind == "UPDATE" && (s == nil || s.Status == statusDeleteComplete):
		return invalid("Stack [%s] does not exist", *in.StackName)
	case kind == "UPDATE":
		return s.checkUpdatable()
	case s != nil && s.Status != statusReview:
		return invalid("Stack [%s] already exists and cannot be created again with the changeSet [%s].", s.Name, *in.ChangeSetName)
	default:
		return nil
	}
}

// newChangeSet computes what the change set would change.
func (c *call) newChangeSet(s *stackRecord, in *createChangeSetInput, d *definition) (*changeSetRecord, error) {
	sets, err := c.changeSets(s)
	if err != nil {
		return nil, err
	}
	for _, other := range sets {
		switch {
		case other.Name != *in.ChangeSetName:
		case other.ExecutionStatus == executionComplete:
			// It is over, and its name passes on: the AWS CLI names a change set by the second it is made in.
			if err := c.deleteChangeSets(other); err != nil {
				return nil, err
			}
		default:
			return nil, operation.Errorf(codeAlreadyExists, "ChangeSet %s cannot be created due to a mismatch with existing attribute Name",
				*in.ChangeSetName)
		}
	}
	id, err := c.newUUID()
	if err != nil {
		return nil, err
	}
	set := &changeSetRecord{
		ID: c.arn("changeSet", *in.ChangeSetName, id), Name: *in.ChangeSetName, StackID: s.ID, StackName: s.Name,
		Type: value(in.ChangeSetType, "UPDATE"), Description: value(in.Description, ""), Template: d.template,
		OnFail: value(in.OnStackFailure, onFailureRollback), Parameters: d.parameters, Capabilities: d.capabilities, Tags: d.tags,
		Created: c.now(), Status: setComplete, ExecutionStatus: executionAvailable,
		storeName: changeSetPrefix + c.place() + s.id + "/" + id,
	}
	changes, has, failed, err := c.planUpdate(s, d)
	if err != nil {
		return nil, err
	}
	_, isProperty := errors.AsType[*propertyError](failed)
	switch {
	case failed != nil && code(failed) == "" && !isProperty:
		return nil, failed
	case failed != nil:
		set.fail(strings.TrimPrefix(failed.Error(), operation.CodeValidation+": "))
	case !has:
		set.fail(noChanges)
	}
	set.Changes = changes
	return set, nil
}

func (set *changeSetRecord) fail(reason string) {
	set.Status, set.ExecutionStatus, set.Reason = setFailed, executionUnavailable, reason
}

// changeSet finds a change set by its name and stack, or by its id, when the caller may do the action on its stack.
func (c *call) changeSet(action string, stack *string, nameOrID string) (*stackRecord, *changeSetRecord, error) {
	var s *stackRecord
	var err error
	_, id, isID := c.splitID("changeSet", nameOrID)
	switch {
	case stack != nil:
		s, err = c.find(*stack)
	case isID:
		s, err = c.stackOf(id)
	default:
		return nil, nil, invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
	}
	if err != nil {
		return nil, nil, err
	}
	name, _, _ := c.splitID("changeSet", nameOrID)
	if !isID {
		name = nameOrID
	}
	named := value(stack, nameOrID)
	if err := c.authorizeStack(action, s, named, keys{"cloudformation:ChangeSetName": {name}}); err != nil {
		return nil, nil, err
	}
	if s == nil {
		return nil, nil, noChangeSet(nameOrID)
	}
	sets, err := c.changeSets(s)
	if err != nil {
		return nil, nil, err
	}
	for _, set := range sets {
		if set.ID == nameOrID || set.Name == nameOrID {
			return s, set, nil
		}
	}
	return nil, nil, noChangeSet(nameOrID)
}

func noChangeSet(name string) error {
	return operation.Errorf(codeChangeSetNotFound, "ChangeSet [%s] does not exist", name)
}

// stackOf finds the stack of a change set by the last part of its id.
func (c *call) stackOf(id string) (*stackRecord, error) {
	entries, _, err := c.service.config.Store.Range(c.ctx, changeSetPrefix+c.place(), "", 0)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		if !strings.HasSuffix(entries[i].Key, "/"+id) {
			continue
		}
		var set changeSetRecord
		if err := c.service.open(&entries[i], &set); err != nil {
			return nil, err
		}
		return c.find(set.StackID)
	}
	return nil, nil //nolint:nilnil // there is no such stack
}

type describeChangeSetInput struct {
	ChangeSetName         *string `cfn:"required,min=1,max=1600,pattern=changeSetOrID"`
	StackName             *string `cfn:"min=1,pattern=stack"`
	NextToken             *string `cfn:"min=1,max=1024"`
	IncludePropertyValues *bool
}

type describeChangeSetOutput struct {
	ChangeSetName, ChangeSetId, StackId, StackName, Description string
	Parameters                                                  []parameterOutput
	CreationTime                                                time.Time
	ExecutionStatus, Status, StatusReason                       string
	NotificationARNs                                            []string
	Capabilities                                                []string
	Tags                                                        []tagOutput
	Changes                                                     []changeOutput
	NextToken                                                   string
	IncludeNestedStacks                                         bool
	OnStackFailure                                              string
}

type changeOutput struct {
	Type           string
	ResourceChange resourceChange
}

type resourceChange struct {
	Action, LogicalResourceId, PhysicalResourceId, ResourceType, Replacement string
	Scope                                                                    []string
	Details                                                                  []resourceChangeDetail
}

type resourceChangeDetail struct {
	Target                   struct{ Attribute, Name, RequiresRecreation string }
	Evaluation, ChangeSource string
}

func (r *changeRecord) output() changeOutput {
	out := changeOutput{"Resource", resourceChange{
		Action: r.Action, LogicalResourceId: r.LogicalID, PhysicalResourceId: r.PhysicalID, ResourceType: r.Type,
		Replacement: r.Replacement, Scope: []string{}, Details: []resourceChangeDetail{},
	}}
	scopes := map[string]bool{}
	for _, d := range r.Details {
		detail := resourceChangeDetail{Evaluation: "Static", ChangeSource: "DirectModification"}
		if d.Dynamic {
			detail.Evaluation, detail.ChangeSource = "Dynamic", ""
		}
		detail.Target.Attribute, detail.Target.Name, detail.Target.RequiresRecreation = "Properties", d.Name, d.Recreation
		if d.Name == "Tags" {
			detail.Target.Attribute, detail.Target.Name = "Tags", ""
		}
		if !scopes[detail.Target.Attribute] {
			out.ResourceChange.Scope = append(out.ResourceChange.Scope, detail.Target.Attribute)
		}
		scopes[detail.Target.Attribute] = true
		out.ResourceChange.Details = append(out.ResourceChange.Details, detail)
	}
	return out
}

func describeChangeSet(c *call, in *describeChangeSetInput) (*describeChangeSetOutput, error) {
	_, set, err := c.changeSet("DescribeChangeSet", in.StackName, *in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	out := &describeChangeSetOutput{
		ChangeSetName: set.Name, ChangeSetId: set.ID, StackId: set.StackID, StackName: set.StackName, Description: set.Description,
		Parameters: parameterOutputs(set.Parameters), CreationTime: set.Created, ExecutionStatus: set.ExecutionStatus,
		Status: set.Status, StatusReason: set.Reason, NotificationARNs: []string{}, Capabilities: set.Capabilities,
		Tags: tagOutputs(set.Tags), OnStackFailure: set.OnFail,
	}
	byName := map[string]changeOutput{}
	for i := range set.Changes {
		byName[set.Changes[i].LogicalID] = set.Changes[i].output()
	}
	out.Changes, out.NextToken, err = page("changes", in.NextToken, sorted(byName))
	return out, err
}

type executeChangeSetInput struct {
	ChangeSetName        *string `cfn:"required,min=1,max=1600,pattern=changeSetOrID"`
	StackName            *string `cfn:"min=1,pattern=stack"`
	ClientRequestToken   *string `cfn:"min=1,max=128,pattern=token"`
	DisableRollback      *bool
	RetainExceptOnCreate *bool
}

type executeChangeSetOutput struct{}

func executeChangeSet(c *call, in *executeChangeSetInput) (*executeChangeSetOutput, error) {
	c, done := c.changing()
	defer done()
	s, set, err := c.changeSet("ExecuteChangeSet", in.StackName, *in.ChangeSetName)
	if err != nil {
		return nil, err
	}
	if set.ExecutionStatus != executionAvailable {
		return nil, operation.Errorf(codeInvalidChangeSetStatus,
			"ChangeSet [%s] cannot be executed in its current execution status of [%s]", set.ID, set.ExecutionStatus)
	}
	if set.Type == "UPDATE" {
		if err := s.checkUpdatable(); err != nil {
			return nil, err
		}
	}
	if err := c.retire(s, set); err != nil {
		return nil, err
	}
	t, err := outline(set.Template)
	if err != nil {
		return nil, err
	}
	d := &definition{set.Template, t.Description(), set.Parameters, set.Capabilities, set.Tags}
	s.ChangeSetID, s.RetainExceptOnCreate = set.ID, value(in.RetainExceptOnCreate, false)
	noRollback, token := value(in.DisableRollback, set.OnFail == onFailureNothing), value(in.ClientRequestToken, "")
	if set.Type == "UPDATE" {
		return &executeChangeSetOutput{}, c.runUpdate(s, d, noRollback, token)
	}
	s.define(d)
	s.NoRollback = noRollback
	w := c.work(s, token)
	if err := w.read(s.Template, s.Parameters); err != nil {
		return nil, err
	}
	onFailure := set.OnFail
	if noRollback {
		onFailure = onFailureNothing
	}
	return &executeChangeSetOutput{}, w.create(onFailure)
}

// retire marks a change set as executed, and deletes the others of the stack: they no longer say what would change
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html).
func (c *call) retire(s *stackRecord, set *changeSetRecord) error {
	sets, err := c.changeSets(s)
	if err != nil {
		return err
	}
	for _, other := range sets {
		if other.ID == set.ID {
			continue
		}
		if err := c.deleteChangeSets(other); err != nil {
			return err
		}
	}
	set.ExecutionStatus = executionComplete
	return c.saveChangeSet(set)
}

type deleteChangeSetInput struct {
	ChangeSetName *string `cfn:"required,min=1,max=1600,pattern=changeSetOrID"`
	StackName     *string `cfn:"min=1,pattern=stack"`
}

type deleteChangeSetOutput struct{}

// deleteChangeSet deletes a change set. One that is not there is as good as deleted.
func deleteChangeSet(c *call, in *deleteChangeSetInput) (*deleteChangeSetOutput, error) {
	c, done := c.changing()
	defer done()
	_, set, err := c.changeSet("DeleteChangeSet", in.StackName, *in.ChangeSetName)
	switch {
	case code(err) == codeChangeSetNotFound:
		return &deleteChangeSetOutput{}, nil
	case err != nil:
		return nil, err
	}
	return &deleteChangeSetOutput{}, c.deleteChangeSets(set)
}

type listChangeSetsInput struct {
	StackName *string `cfn:"required,min=1,pattern=stack"`
	NextToken *string `cfn:"min=1,max=1024"`
}

type listChangeSetsOutput struct {
	Summaries []changeSetSummary
	NextToken string
}

type changeSetSummary struct {
	StackId, StackName, ChangeSetId, ChangeSetName     string
	ExecutionStatus, Status, StatusReason, Description string
	CreationTime                                       time.Time
	IncludeNestedStacks                                bool
}

func listChangeSets(c *call, in *listChangeSetsInput) (*listChangeSetsOutput, error) {
	s, err := c.existing("ListChangeSets", *in.StackName, "Stack [%s] does not exist")
	if err != nil {
		return nil, err
	}
	sets, err := c.changeSets(s)
	if err != nil {
		return nil, err
	}
	byName := map[string]changeSetSummary{}
	for _, set := range sets {
		byName[set.ID] = changeSetSummary{
			StackId: s.ID, StackName: s.Name, ChangeSetId: set.ID, ChangeSetName: set.Name, ExecutionStatus: set.ExecutionStatus,
			Status: set.Status, StatusReason: set.Reason, Description: set.Description, CreationTime: set.Created,
		}
	}
	out := &listChangeSetsOutput{}
	out.Summaries, out.NextToken, err = page("changesets", in.NextToken, sorted(byName))
	return out, err
}
