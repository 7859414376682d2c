package cloudformation

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/source/cloudformation"
)

// create makes the resources of a stack. What goes wrong with them is a status of the stack; the error is of the store.
func (w *work) create(onFailure string) error {
	if err := w.event(nil, statusCreateInProgress, userInitiated); err != nil {
		return err
	}
	for _, r := range w.template.Resources() {
		failed, err := w.createResource(&r, nil)
		if err != nil {
			return err
		}
		if failed != nil {
			return w.createFailed("The following resource(s) failed to create: ["+r.LogicalID+"]. ", onFailure)
		}
	}
	if problem, err := w.finish(nil); err != nil {
		return err
	} else if problem != "" {
		return w.createFailed(problem+". ", onFailure)
	}
	return w.event(nil, statusCreateComplete, "")
}

// createFailed ends the making of a stack as the caller wants it.
func (w *work) createFailed(reason, onFailure string) error {
	switch onFailure {
	case onFailureNothing:
		return w.event(nil, statusCreateFailed, strings.TrimSpace(reason))
	case onFailureDelete:
		return w.deleteAll(nil, reason+"Delete requested by user.")
	}
	if err := w.event(nil, statusRollbackInProgress, reason+"Rollback requested by user."); err != nil {
		return err
	}
	failed, err := w.removeAll(func(r *resourceRecord) bool {
		return w.stack.RetainExceptOnCreate || r.DeletionPolicy != "Retain"
	})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return w.event(nil, statusRollbackFailed, "The following resource(s) failed to delete: ["+strings.Join(failed, ", ")+"]. ")
	}
	w.stack.Outputs, w.stack.Imports = nil, nil
	return w.event(nil, statusRollbackComplete, "")
}

// createResource makes a resource; instead is the one that it takes the place of, nil for none. failed is why it could
// not be made.
func (w *work) createResource(of *cloudformation.Resource, instead *resourceRecord) (failed, err error) {
	r := &resourceRecord{
		LogicalID: of.LogicalID, Type: of.Type, DeletionPolicy: of.DeletionPolicy,
		UpdateReplacePolicy: of.UpdateReplacePolicy, Needs: of.Needs,
	}
	s := w.stack
	properties, unknown, failed := w.resolveProperties(r.LogicalID, r.Type)
	if failed == nil && unknown != "" {
		failed = badProperty("Template error: %s cannot be resolved", unknown)
	}
	r.Properties = properties
	if instead == nil {
		s.Resources = append(s.Resources, r)
	} else {
		s.Resources[slices.Index(s.Resources, instead)] = r
		s.Leftovers = append(s.Leftovers, instead)
	}
	if err := w.event(r, statusCreateInProgress, ""); err != nil {
		return nil, err
	}
	if failed == nil {
		failed = kinds[r.Type].create(w, r, r.Properties)
	}
	if failed != nil {
		w.logFailure(r, failed)
		return failed, w.event(r, statusCreateFailed, reasonOf(failed))
	}
	return nil, w.event(r, statusCreateComplete, "")
}

// logFailure tells the log what went wrong inside; what a service answers is in the events.
func (w *work) logFailure(r *resourceRecord, err error) {
	if code(err) == "" {
		w.service.config.Logger.ErrorContext(w.ctx, "resource failed",
			slog.String("stack", w.stack.Name), slog.String("resource", r.LogicalID), slog.Any("error", err))
	}
}

// finish resolves the outputs of a stack, and holds its exports to those of others. before are the former outputs.
func (w *work) finish(before []outputRecord) (problem string, err error) {
	outputs, failed := w.template.Outputs()
	if failed != nil {
		return strings.TrimPrefix(templateError(failed).Error(), "ValidationError: "), nil
	}
	var made []outputRecord
	for _, o := range outputs {
		if o.Unknown != "" {
			return "Template error: the output " + o.Name + " cannot be resolved: " + o.Unknown, nil
		}
		made = append(made, outputRecord{o.Name, o.Value, o.Description, o.Export})
	}
	if problem, err := w.checkExports(before, made); err != nil || problem != "" {
		return problem, err
	}
	w.stack.Outputs, w.stack.Imports = made, w.imported()
	return "", nil
}

// removeResource deletes a resource that is there. failed is whether it could not be deleted.
func (w *work) removeResource(r *resourceRecord) (failed bool, err error) {
	if r.PhysicalID == "" || r.Status == statusDeleteComplete {
		w.stack.remove(r)
		return false, nil
	}
	if err := w.event(r, statusDeleteInProgress, ""); err != nil {
		return false, err
	}
	problem := kinds[r.Type].remove(w, r, r.Properties)
	if problem != nil && !isGone(problem) {
		w.logFailure(r, problem)
		return true, w.event(r, statusDeleteFailed, reasonOf(problem))
	}
	w.stack.remove(r)
	return false, w.event(r, statusDeleteComplete, "")
}

// removeAll deletes the resources of the stack, the last made first; those that are not deleted stay in the account
// and are no longer the stack's. failed are those that could not be deleted.
func (w *work) removeAll(deletes func(*resourceRecord) bool) (failed []string, err error) {
	all := slices.Concat(w.stack.Leftovers, w.stack.Resources)
	slices.Reverse(all)
	var stay []string // with those that are needed by one that could not be deleted
	for _, r := range all {
		if w.isNeeded(r, stay) {
			stay = append(stay, r.LogicalID)
			continue
		}
		if r.PhysicalID != "" && !deletes(r) {
			if err := w.event(r, statusDeleteSkipped, ""); err != nil {
				return nil, err
			}
			w.stack.remove(r)
			continue
		}
		bad, err := w.removeResource(r)
		if err != nil {
			return nil, err
		}
		if bad {
			failed, stay = append(failed, r.LogicalID), append(stay, r.LogicalID)
		}
	}
	return failed, nil
}

// isNeeded reports whether one of the resources that stay needs another.
func (w *work) isNeeded(r *resourceRecord, stay []string) bool {
	return slices.ContainsFunc(w.stack.Resources, func(other *resourceRecord) bool {
		return slices.Contains(stay, other.LogicalID) && slices.Contains(other.Needs, r.LogicalID)
	})
}

// deleteAll deletes the stack. Resources in retain, and those whose deletion policy says so, stay.
func (w *work) deleteAll(retain []string, reason string) error {
	if err := w.event(nil, statusDeleteInProgress, reason); err != nil {
		return err
	}
	used, err := w.importedExport(w.stack.Outputs)
	if err != nil {
		return err
	}
	if used != "" {
		return w.event(nil, statusDeleteFailed, used)
	}
	failed, err := w.removeAll(func(r *resourceRecord) bool {
		return !slices.Contains(retain, r.LogicalID) && (r.DeletionPolicy == "Delete" || w.retainsOnlyOnSuccess(r))
	})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return w.event(nil, statusDeleteFailed, "The following resource(s) failed to delete: ["+strings.Join(failed, ", ")+"]. ")
	}
	w.stack.Deleted = w.now()
	w.stack.Outputs, w.stack.Imports, w.stack.Parameters = nil, nil, masked(w.stack.Parameters)
	sets, err := w.changeSets(w.stack)
	if err != nil {
		return err
	}
	if err := w.deleteChangeSets(sets...); err != nil {
		return err
	}
	return w.event(nil, statusDeleteComplete, "")
}

// retainsOnlyOnSuccess reports whether a resource is kept only once its stack was made
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html, RetainExceptOnCreate).
func (w *work) retainsOnlyOnSuccess(r *resourceRecord) bool {
	return r.DeletionPolicy == "RetainExceptOnCreate" && w.stack.Updated.IsZero() && r.Status == statusCreateFailed
}

// masked are parameters without the values that are not to be seen.
func masked(list []parameterRecord) []parameterRecord {
	out := slices.Clone(list)
	for i := range out {
		if out[i].NoEcho {
			out[i].Value = "****"
		}
	}
	return out
}

// recreation says what an update of some properties does to a resource: nothing, or replace it, or fail.
func (k *kind) recreation(id string, names []string, custom bool) (replaces bool, err error) {
	for _, name := range names {
		if slices.Contains(k.fixed, name) {
			return false, badProperty("Update to resource %s is not permitted: %s cannot be changed", id, name)
		}
		replaces = replaces || slices.Contains(k.replaces, name)
	}
	if replaces && custom && !slices.Contains(names, k.name) {
		return false, badProperty("CloudFormation cannot update a stack when a custom-named resource requires replacing. "+
			"Rename %s and update the stack again.", id)
	}
	return replaces, nil
}

// hasName reports whether properties give a resource its name.
func (k *kind) hasName(properties json.RawMessage) bool {
	var given map[string]json.RawMessage
	return k.name != "" && json.Unmarshal(properties, &given) == nil && given[k.name] != nil
}
