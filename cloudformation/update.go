package cloudformation

import (
	"slices"
	"strings"

	"github.com/strictkms/strictkms/source/cloudformation"
)

// definition is what a stack is made from, which an update that fails puts back.
type definition struct {
	template, description string
	parameters            []parameterRecord
	capabilities          []string
	tags                  []tagRecord
}

// define gives the stack another definition and returns the former one.
func (s *stackRecord) define(d *definition) *definition {
	before := &definition{s.Template, s.Description, s.Parameters, s.Capabilities, s.Tags}
	s.Template, s.Description, s.Parameters, s.Capabilities, s.Tags = d.template, d.description, d.parameters, d.capabilities, d.tags
	return before
}

// update makes the resources of a stack what the template says. before is the definition to go back to. What goes wrong
// with resources is a status of the stack; the error is of the store.
func (w *work) update(before *definition, noRollback bool) error {
	s := w.stack
	s.Updated = w.now()
	outputs, imports := s.Outputs, s.Imports
	if err := w.event(nil, statusUpdateInProgress, userInitiated); err != nil {
		return err
	}
	problem := ""
	for _, r := range w.template.Resources() {
		failed, err := w.updateResource(&r)
		if err != nil {
			return err
		}
		if failed != nil {
			problem = "The following resource(s) failed to update: [" + r.LogicalID + "]"
			break
		}
	}
	if problem == "" {
		var err error
		if problem, err = w.finish(outputs); err != nil {
			return err
		}
	}
	switch {
	case problem == "":
		return w.cleanUp()
	case noRollback:
		return w.event(nil, statusUpdateFailed, problem+". ")
	default:
		s.Outputs, s.Imports = outputs, imports
		return w.rollBack(problem, before)
	}
}

// updateResource makes one resource what the template says.
func (w *work) updateResource(of *cloudformation.Resource) (failed, err error) {
	s := w.stack
	current := s.resource(of.LogicalID)
	if current != nil && current.PhysicalID == "" { // it could not be made before
		s.remove(current)
		current = nil
	}
	if current == nil {
		w.undo = append(w.undo, func() (bool, error) { return w.takeBack(of.LogicalID) })
		return w.createResource(of, nil)
	}
	properties, unknown, failed := w.resolveProperties(of.LogicalID, of.Type)
	if failed == nil && unknown != "" {
		failed = badProperty("Template error: %s cannot be resolved", unknown)
	}
	var names []string
	if failed == nil {
		names, failed = changed(current.Properties, properties)
	}
	replaces := false
	if failed == nil {
		replaces, failed = kinds[of.Type].recreation(of.LogicalID, names, kinds[of.Type].hasName(properties))
	}
	switch {
	case failed != nil:
		w.logFailure(current, failed)
		return failed, w.event(current, statusUpdateFailed, reasonOf(failed))
	case replaces || current.Status == statusCreateFailed:
		return w.replace(of, current)
	case len(names) > 0:
		if failed, err = w.updateInPlace(current, properties); failed != nil || err != nil {
			return failed, err
		}
	}
	current.Needs, current.DeletionPolicy, current.UpdateReplacePolicy = of.Needs, of.DeletionPolicy, of.UpdateReplacePolicy
	return nil, nil
}

func (w *work) updateInPlace(r *resourceRecord, properties []byte) (failed, err error) {
	before := r.clone()
	w.undo = append(w.undo, func() (bool, error) {
		if err := w.event(r, statusUpdateInProgress, ""); err != nil {
			return true, err
		}
		problem := kinds[r.Type].update(w, r, properties, before.Properties)
		if problem != nil {
			w.logFailure(r, problem)
			return true, w.event(r, statusUpdateFailed, reasonOf(problem))
		}
		r.Properties, r.Needs, r.Attributes = before.Properties, before.Needs, before.Attributes
		r.DeletionPolicy, r.UpdateReplacePolicy = before.DeletionPolicy, before.UpdateReplacePolicy
		return false, w.event(r, statusUpdateComplete, "")
	})
	if err := w.event(r, statusUpdateInProgress, ""); err != nil {
		return nil, err
	}
	if failed := kinds[r.Type].update(w, r, before.Properties, properties); failed != nil {
		w.logFailure(r, failed)
		return failed, w.event(r, statusUpdateFailed, reasonOf(failed))
	}
	r.Properties = properties
	return nil, w.event(r, statusUpdateComplete, "")
}

// replace makes a resource anew. The former one is deleted when the update is over.
func (w *work) replace(of *cloudformation.Resource, current *resourceRecord) (failed, err error) {
	err = w.event(current, statusUpdateInProgress,
		"Requested update requires the creation of a new physical resource; hence creating one.")
	if err != nil {
		return nil, err
	}
	before := current.clone()
	before.Status = statusUpdateComplete
	w.undo = append(w.undo, func() (bool, error) {
		s := w.stack
		at := slices.IndexFunc(s.Resources, func(r *resourceRecord) bool { return r.LogicalID == of.LogicalID })
		failed, err := w.takeBack(of.LogicalID)
		if failed || err != nil {
			return failed, err
		}
		s.remove(current)
		s.Resources = slices.Insert(s.Resources, min(max(at, 0), len(s.Resources)), before)
		return false, w.event(before, statusUpdateComplete, "")
	})
	return w.createResource(of, current)
}

// takeBack deletes a resource that the update made.
func (w *work) takeBack(id string) (failed bool, err error) {
	if r := w.stack.resource(id); r != nil {
		return w.removeResource(r)
	}
	return false, nil
}

// rollBack takes the steps of a failed update back, the last first.
func (w *work) rollBack(problem string, before *definition) error {
	if err := w.event(nil, statusUpdateRollbackInProgress, problem+". "); err != nil {
		return err
	}
	w.rollingBack = true
	for _, undo := range slices.Backward(w.undo) {
		failed, err := undo()
		if err != nil {
			return err
		}
		if failed {
			return w.event(nil, statusUpdateRollbackFailed, "The stack could not be put back.")
		}
	}
	w.stack.define(before)
	if err := w.event(nil, statusUpdateRollbackCleanup, ""); err != nil {
		return err
	}
	return w.event(nil, statusUpdateRollbackComplete, "")
}

// cleanUp deletes what the new template no longer has. What cannot be deleted stays in the account: the update has
// succeeded
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS).
func (w *work) cleanUp() error {
	s := w.stack
	order := map[string]int{}
	for i, r := range w.template.Resources() {
		order[r.LogicalID] = i
	}
	var kept, gone []*resourceRecord
	for _, r := range s.Resources {
		if _, ok := order[r.LogicalID]; ok {
			kept = append(kept, r)
		} else {
			gone = append(gone, r)
		}
	}
	slices.SortStableFunc(kept, func(a, b *resourceRecord) int { return order[a.LogicalID] - order[b.LogicalID] })
	replaced := slices.Clone(s.Leftovers)
	s.Resources, s.Leftovers = kept, slices.Concat(s.Leftovers, gone)
	if err := w.event(nil, statusUpdateCleanup, ""); err != nil {
		return err
	}
	for _, r := range slices.Backward(slices.Clone(s.Leftovers)) {
		policy := r.DeletionPolicy
		if slices.Contains(replaced, r) {
			policy = r.UpdateReplacePolicy
		}
		if strings.HasPrefix(policy, "Retain") {
			if err := w.event(r, statusDeleteSkipped, ""); err != nil {
				return err
			}
		} else if _, err := w.removeResource(r); err != nil {
			return err
		}
		s.remove(r)
	}
	return w.event(nil, statusUpdateComplete, "")
}

// plan says what an update with the template would do. has is false when it would do nothing at all. The stack is a
// draft with the new tags.
func (w *work) plan(tagsBefore []tagRecord) (changes []changeRecord, has bool, err error) {
	s := w.stack
	var modified []string
	declared := map[string]bool{}
	for _, of := range w.template.Resources() {
		declared[of.LogicalID] = true
		current := s.resource(of.LogicalID)
		if current != nil && current.Type != of.Type {
			modified = append(modified, of.LogicalID)
			continue
		}
		change, err := w.planResource(&of, current)
		if err != nil {
			return nil, false, err
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	if len(modified) > 0 {
		return nil, false, invalid("Update of resource type is not permitted. The new template modifies resource type of the "+
			"following resources: [%s]", strings.Join(modified, ", "))
	}
	for _, r := range slices.Backward(s.Resources) {
		if !declared[r.LogicalID] {
			changes = append(changes, changeRecord{Action: "Remove", LogicalID: r.LogicalID, PhysicalID: r.PhysicalID, Type: r.Type})
		}
	}
	other, err := w.outputsChange()
	return changes, len(changes) > 0 || other || !slices.Equal(tagsBefore, s.Tags), err
}

// planResource says what happens to one resource, nil for nothing.
func (w *work) planResource(of *cloudformation.Resource, current *resourceRecord) (*changeRecord, error) {
	properties, unknown, err := w.resolveProperties(of.LogicalID, of.Type)
	if err != nil {
		return nil, err
	}
	change := &changeRecord{Action: "Add", LogicalID: of.LogicalID, Type: of.Type}
	if current == nil || current.PhysicalID == "" {
		return change, nil
	}
	names, err := changed(current.Properties, properties)
	if err != nil || len(names) == 0 && current.Status != statusCreateFailed {
		return nil, err
	}
	k := kinds[of.Type]
	change.Action, change.PhysicalID, change.Replacement = "Modify", current.PhysicalID, "False"
	for _, name := range names {
		detail := changeDetail{Name: name, Recreation: "Never", Dynamic: unknown != ""}
		if slices.Contains(k.replaces, name) {
			detail.Recreation, change.Replacement = "Always", "True"
			if detail.Dynamic {
				detail.Recreation, change.Replacement = "Conditionally", "Conditional"
			}
			w.unknown[of.LogicalID] = true
		}
		change.Details = append(change.Details, detail)
	}
	return change, nil
}

// outputsChange reports whether outputs would be others.
func (w *work) outputsChange() (bool, error) {
	outputs, err := w.template.Outputs()
	if err != nil {
		return false, templateError(err)
	}
	made := make([]outputRecord, len(outputs))
	for i, o := range outputs {
		made[i] = outputRecord{o.Name, o.Value, o.Description, o.Export}
	}
	return !slices.Equal(made, w.stack.Outputs), nil
}
