package cloudformation

import (
	"fmt"
	"slices"
	"time"
)

var describeOperations = []operationOf{
	answers("DescribeStacks", describeStacks),
	answers("ListStacks", listStacks),
	answers("DescribeStackEvents", describeStackEvents),
}

type describeStacksInput struct {
	StackName *string
	NextToken *string `cfn:"min=1,max=1024"`
}

type describeStacksOutput struct {
	Stacks    []stackOutput
	NextToken string
}

type stackOutput struct {
	StackId, StackName, ChangeSetId, Description string
	Parameters                                   []parameterOutput
	CreationTime                                 time.Time
	DeletionTime, LastUpdatedTime                time.Time
	StackStatus, StackStatusReason               string
	DisableRollback                              bool
	NotificationARNs                             []string
	TimeoutInMinutes                             *int32
	Capabilities                                 []string
	Outputs                                      []outputOutput
	Tags                                         []tagOutput
	EnableTerminationProtection                  bool
	DriftInformation                             struct{ StackDriftStatus string }
}

type parameterOutput struct{ ParameterKey, ParameterValue string }

type outputOutput struct{ OutputKey, OutputValue, Description, ExportName string }

type tagOutput struct{ Key, Value string }

func parameterOutputs(list []parameterRecord) []parameterOutput {
	var out []parameterOutput
	for _, p := range masked(list) {
		out = append(out, parameterOutput{p.Key, p.Value})
	}
	return out
}

func tagOutputs(list []tagRecord) []tagOutput {
	out := []tagOutput{}
	for _, t := range list {
		out = append(out, tagOutput(t))
	}
	return out
}

func (s *stackRecord) output() stackOutput {
	out := stackOutput{
		StackId: s.ID, StackName: s.Name, ChangeSetId: s.ChangeSetID, Description: s.Description,
		Parameters: parameterOutputs(s.Parameters), CreationTime: s.Created, DeletionTime: s.Deleted, LastUpdatedTime: s.Updated,
		StackStatus: s.Status, StackStatusReason: s.Reason, DisableRollback: s.NoRollback, NotificationARNs: []string{},
		Capabilities: s.Capabilities, Tags: tagOutputs(s.Tags), EnableTerminationProtection: s.Protected,
	}
	out.DriftInformation.StackDriftStatus = "NOT_CHECKED"
	if s.TimeoutInMinutes > 0 {
		out.TimeoutInMinutes = new(int32(s.TimeoutInMinutes)) //nolint:gosec // it was an int32
	}
	for _, o := range s.Outputs {
		out.Outputs = append(out.Outputs, outputOutput{o.Key, o.Value, o.Description, o.Export})
	}
	return out
}

func describeStacks(c *call, in *describeStacksInput) (*describeStacksOutput, error) {
	if in.StackName != nil {
		s, err := c.existing("DescribeStacks", *in.StackName, "Stack with id %s does not exist")
		if err != nil {
			return nil, err
		}
		return &describeStacksOutput{Stacks: []stackOutput{s.output()}}, nil
	}
	if err := c.authorize("DescribeStacks", c.arn("stack", "*", "*")); err != nil {
		return nil, err
	}
	found, err := c.here()
	if err != nil {
		return nil, err
	}
	out := &describeStacksOutput{}
	out.Stacks, out.NextToken, err = page("stacks", in.NextToken, func(yield func(string, stackOutput) bool) {
		for _, s := range found {
			if !yield(s.storeName, s.output()) {
				return
			}
		}
	})
	return out, err
}

type listStacksInput struct {
	NextToken         *string  `cfn:"min=1,max=1024"`
	StackStatusFilter []string `cfn:"each=enum=StackStatus"`
}

type listStacksOutput struct {
	StackSummaries []stackSummary
	NextToken      string
}

type stackSummary struct {
	StackId, StackName, TemplateDescription     string
	CreationTime, LastUpdatedTime, DeletionTime time.Time
	StackStatus, StackStatusReason              string
	DriftInformation                            struct{ StackDriftStatus string }
}

func listStacks(c *call, in *listStacksInput) (*listStacksOutput, error) {
	if err := c.authorize("ListStacks", everything); err != nil {
		return nil, err
	}
	found, err := c.service.stacks(c.ctx, stackPrefix+c.place())
	if err != nil {
		return nil, err
	}
	out := &listStacksOutput{}
	out.StackSummaries, out.NextToken, err = page("list", in.NextToken, func(yield func(string, stackSummary) bool) {
		for _, s := range found {
			if len(in.StackStatusFilter) > 0 && !slices.Contains(in.StackStatusFilter, s.Status) {
				continue
			}
			summary := stackSummary{
				StackId: s.ID, StackName: s.Name, TemplateDescription: s.Description, CreationTime: s.Created,
				LastUpdatedTime: s.Updated, DeletionTime: s.Deleted, StackStatus: s.Status, StackStatusReason: s.Reason,
			}
			summary.DriftInformation.StackDriftStatus = "NOT_CHECKED"
			if !yield(s.storeName, summary) {
				return
			}
		}
	})
	return out, err
}

type describeStackEventsInput struct {
	StackName *string `cfn:"required"`
	NextToken *string `cfn:"min=1,max=1024"`
}

type describeStackEventsOutput struct {
	StackEvents []stackEvent
	NextToken   string
}

type stackEvent struct {
	StackId, EventId, StackName, LogicalResourceId, PhysicalResourceId, ResourceType string
	Timestamp                                                                        time.Time
	ResourceStatus, ResourceStatusReason, ClientRequestToken                         string
}

func describeStackEvents(c *call, in *describeStackEventsInput) (*describeStackEventsOutput, error) {
	s, err := c.existing("DescribeStackEvents", *in.StackName, "Stack [%s] does not exist")
	if err != nil {
		return nil, err
	}
	events, err := c.events(s)
	if err != nil {
		return nil, err
	}
	out := &describeStackEventsOutput{}
	out.StackEvents, out.NextToken, err = page("events", in.NextToken, func(yield func(string, stackEvent) bool) {
		for i, e := range events {
			ok := yield(fmt.Sprintf("%010d", i), stackEvent{
				StackId: s.ID, EventId: e.ID, StackName: s.Name, LogicalResourceId: e.LogicalID, PhysicalResourceId: e.PhysicalID,
				ResourceType: e.Type, Timestamp: e.Time, ResourceStatus: e.Status, ResourceStatusReason: e.Reason,
				ClientRequestToken: e.Token,
			})
			if !ok {
				return
			}
		}
	})
	return out, err
}
