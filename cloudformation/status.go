package cloudformation

import "context"

// The statuses of stacks and of resources
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes).
const (
	statusCreateInProgress         = "CREATE_IN_PROGRESS"
	statusCreateFailed             = "CREATE_FAILED"
	statusCreateComplete           = "CREATE_COMPLETE"
	statusRollbackInProgress       = "ROLLBACK_IN_PROGRESS"
	statusRollbackFailed           = "ROLLBACK_FAILED"
	statusRollbackComplete         = "ROLLBACK_COMPLETE"
	statusDeleteInProgress         = "DELETE_IN_PROGRESS"
	statusDeleteFailed             = "DELETE_FAILED"
	statusDeleteComplete           = "DELETE_COMPLETE"
	statusDeleteSkipped            = "DELETE_SKIPPED"
	statusUpdateInProgress         = "UPDATE_IN_PROGRESS"
	statusUpdateFailed             = "UPDATE_FAILED"
	statusUpdateCleanup            = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
	statusUpdateComplete           = "UPDATE_COMPLETE"
	statusUpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS"
	statusUpdateRollbackFailed     = "UPDATE_ROLLBACK_FAILED"
	statusUpdateRollbackCleanup    = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
	statusUpdateRollbackComplete   = "UPDATE_ROLLBACK_COMPLETE"
	statusReview                   = "REVIEW_IN_PROGRESS"
)

const (
	onFailureNothing  = "DO_NOTHING"
	onFailureRollback = "ROLLBACK"
	onFailureDelete   = "DELETE"
)

const userInitiated = "User Initiated"

// event notes what happened to the stack (r is nil) or to one of its resources.
func (w *work) event(r *resourceRecord, status, reason string) error {
	id, err := w.newUUID()
	if err != nil {
		return err
	}
	s := w.stack
	s.LastEvent++
	e := &eventRecord{
		ID: id, LogicalID: s.Name, PhysicalID: s.ID, Type: "AWS::CloudFormation::Stack", Status: status, Reason: reason,
		Token: w.token, Time: w.now(), number: s.LastEvent,
	}
	if r != nil {
		e.ID, e.LogicalID, e.PhysicalID, e.Type = r.LogicalID+"-"+status+"-"+id, r.LogicalID, r.PhysicalID, r.Type
		r.Status, r.Reason, r.Time = status, reason, e.Time
	} else {
		s.Status, s.Reason = status, reason
	}
	s.unsaved = append(s.unsaved, e)
	return w.save(s)
}

// interrupted are the statuses of stacks that a process left half done, with what becomes of them.
var interrupted = map[string]string{
	statusCreateInProgress: statusCreateFailed, statusRollbackInProgress: statusRollbackFailed,
	statusDeleteInProgress: statusDeleteFailed, statusUpdateInProgress: statusUpdateRollbackFailed,
	statusUpdateCleanup: statusUpdateComplete, statusUpdateRollbackInProgress: statusUpdateRollbackFailed,
	statusUpdateRollbackCleanup: statusUpdateRollbackComplete,
}

// endInterrupted marks the stacks that a former process left half done.
func (s *Service) endInterrupted(ctx context.Context) error {
	found, err := s.stacks(ctx, stackPrefix)
	if err != nil {
		return err
	}
	for _, stack := range found {
		status := interrupted[stack.Status]
		if status == "" {
			continue
		}
		stack.Status, stack.Reason = status, "The server stopped before the operation was over."
		if err := s.save(ctx, stack); err != nil {
			return err
		}
	}
	return nil
}
