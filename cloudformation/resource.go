package cloudformation

import "time"

var resourceOperations = []operationOf{
	answers("DescribeStackResource", describeStackResource),
	answers("DescribeStackResources", describeStackResources),
	answers("ListStackResources", listStackResources),
}

type driftOutput struct{ StackResourceDriftStatus string }

var notChecked = driftOutput{"NOT_CHECKED"}

type describeStackResourceInput struct {
	StackName         *string `cfn:"required"`
	LogicalResourceId *string `cfn:"required"`
}

type describeStackResourceOutput struct{ StackResourceDetail stackResourceDetail }

type stackResourceDetail struct {
	StackName, StackId, LogicalResourceId, PhysicalResourceId, ResourceType string
	LastUpdatedTimestamp                                                    time.Time
	ResourceStatus, ResourceStatusReason                                    string
	DriftInformation                                                        driftOutput
}

func describeStackResource(c *call, in *describeStackResourceInput) (*describeStackResourceOutput, error) {
	s, err := c.existing("DescribeStackResource", *in.StackName, "Stack '%s' does not exist")
	if err != nil {
		return nil, err
	}
	r := s.resource(*in.LogicalResourceId)
	if r == nil {
		return nil, invalid("Resource %s does not exist for stack %s", *in.LogicalResourceId, s.Name)
	}
	return &describeStackResourceOutput{stackResourceDetail{
		s.Name, s.ID, r.LogicalID, r.PhysicalID, r.Type, r.Time, r.Status, r.Reason, notChecked,
	}}, nil
}

type describeStackResourcesInput struct {
	StackName, LogicalResourceId, PhysicalResourceId *string
}

type describeStackResourcesOutput struct{ StackResources []stackResource }

type stackResource struct {
	StackName, StackId, LogicalResourceId, PhysicalResourceId, ResourceType string
	Timestamp                                                               time.Time
	ResourceStatus, ResourceStatusReason                                    string
	DriftInformation                                                        driftOutput
}

func describeStackResources(c *call, in *describeStackResourcesInput) (*describeStackResourcesOutput, error) {
	if (in.StackName == nil) == (in.PhysicalResourceId == nil) {
		return nil, invalid("You must specify either StackName or PhysicalResourceId, but not both.")
	}
	name := value(in.StackName, "")
	if name == "" {
		found, err := c.owner(*in.PhysicalResourceId)
		if err != nil {
			return nil, err
		}
		name = found
	}
	s, err := c.existing("DescribeStackResources", name, "Stack with id %s does not exist")
	if err != nil {
		return nil, err
	}
	out := &describeStackResourcesOutput{StackResources: []stackResource{}}
	for _, r := range s.Resources {
		if in.LogicalResourceId == nil || r.LogicalID == *in.LogicalResourceId {
			out.StackResources = append(out.StackResources, stackResource{
				s.Name, s.ID, r.LogicalID, r.PhysicalID, r.Type, r.Time, r.Status, r.Reason, notChecked,
			})
		}
	}
	return out, nil
}

// owner is the id of the stack that a resource belongs to; what belongs to none is asked about by its own id.
func (c *call) owner(physicalID string) (string, error) {
	found, err := c.here()
	if err != nil {
		return "", err
	}
	for _, s := range found {
		for _, r := range s.Resources {
			if r.PhysicalID == physicalID {
				return s.ID, nil
			}
		}
	}
	return physicalID, nil
}

type listStackResourcesInput struct {
	StackName *string `cfn:"required"`
	NextToken *string `cfn:"min=1,max=1024"`
}

type listStackResourcesOutput struct {
	StackResourceSummaries []stackResourceSummary
	NextToken              string
}

type stackResourceSummary struct {
	LogicalResourceId, PhysicalResourceId, ResourceType string
	LastUpdatedTimestamp                                time.Time
	ResourceStatus, ResourceStatusReason                string
	DriftInformation                                    driftOutput
}

func listStackResources(c *call, in *listStackResourcesInput) (*listStackResourcesOutput, error) {
	s, err := c.existing("ListStackResources", *in.StackName, "Stack with id %s does not exist")
	if err != nil {
		return nil, err
	}
	out := &listStackResourcesOutput{}
	byName := map[string]*resourceRecord{}
	for _, r := range s.Resources {
		byName[r.LogicalID] = r
	}
	out.StackResourceSummaries, out.NextToken, err = page("resources", in.NextToken, func(yield func(string, stackResourceSummary) bool) {
		for name, r := range sorted(byName) {
			ok := yield(name, stackResourceSummary{
				r.LogicalID, r.PhysicalID, r.Type, r.Time, r.Status, r.Reason, notChecked,
			})
			if !ok {
				return
			}
		}
	})
	return out, err
}
