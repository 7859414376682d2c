package cloudformation

import (
	"encoding/json"
	"slices"
	"time"
)

// stackRecord is a stack as it is stored.
type stackRecord struct {
	ID, Name, Status, Reason, Description, ChangeSetID string
	Created, Updated, Deleted                          time.Time
	Template                                           string
	Parameters                                         []parameterRecord
	Capabilities                                       []string
	Tags                                               []tagRecord
	Outputs                                            []outputRecord
	Imports                                            []string // names of exports of other stacks that this one uses
	// Resources are those of the stack in the order in which they were made. Leftovers are former ones that are still
	// to be deleted.
	Resources, Leftovers           []*resourceRecord
	NoRollback, Protected          bool
	RetainExceptOnCreate           bool
	TimeoutInMinutes, LastEvent    int
	revision                       int64
	unsaved                        []*eventRecord
	account, region, id, storeName string
}

type parameterRecord struct {
	Key, Value string
	NoEcho     bool
}

type tagRecord struct{ Key, Value string }

type outputRecord struct{ Key, Value, Description, Export string }

// resourceRecord is a resource of a stack.
type resourceRecord struct {
	LogicalID, Type, PhysicalID string
	Attributes                  map[string]string
	// Properties are those that the resource was made with, as JSON.
	Properties json.RawMessage
	// Needs are the logical ids of the resources that must be deleted later than this one.
	Needs                               []string
	DeletionPolicy, UpdateReplacePolicy string
	Status, Reason                      string
	Time                                time.Time
}

// clone returns a copy that shares nothing that changes.
func (r *resourceRecord) clone() *resourceRecord {
	made := *r
	return &made
}

// resource returns a resource by its logical id, nil for none.
func (s *stackRecord) resource(id string) *resourceRecord {
	at := slices.IndexFunc(s.Resources, func(r *resourceRecord) bool { return r.LogicalID == id })
	if at < 0 {
		return nil
	}
	return s.Resources[at]
}

// remove takes a resource out of the list.
func (s *stackRecord) remove(r *resourceRecord) {
	s.Resources = slices.DeleteFunc(s.Resources, func(other *resourceRecord) bool { return other == r })
	s.Leftovers = slices.DeleteFunc(s.Leftovers, func(other *resourceRecord) bool { return other == r })
}

// eventRecord is an event of a stack.
type eventRecord struct {
	ID, LogicalID, PhysicalID, Type, Status, Reason, Token string
	Time                                                   time.Time
	number                                                 int
}

// changeSetRecord is a change set as it is stored.
type changeSetRecord struct {
	ID, Name, StackID, StackName, Type, Description   string
	Status, Reason, ExecutionStatus, Template, OnFail string
	Parameters                                        []parameterRecord
	Capabilities                                      []string
	Tags                                              []tagRecord
	Created                                           time.Time
	Changes                                           []changeRecord
	revision                                          int64
	storeName                                         string
}

// changeRecord is a change of one resource.
type changeRecord struct {
	Action, LogicalID, PhysicalID, Type, Replacement string
	Details                                          []changeDetail
}

type changeDetail struct {
	Name, Recreation string
	Dynamic          bool
}
