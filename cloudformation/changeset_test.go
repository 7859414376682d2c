package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func change(name, set, kind, template string) in {
	return request(name, template, in{"ChangeSetName": set, "ChangeSetType": kind})
}

func TestChangeSetCreatesAStack(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	made := root.do("CreateChangeSet", change("s", "first", "CREATE", before))
	require.Regexp(t, `^arn:aws:cloudformation:us-east-1:111122223333:changeSet/first/[0-9a-f-]{36}$`, made.text("Id"))
	require.Equal(t, "REVIEW_IN_PROGRESS", root.stack("s").status)
	requireEmpty(t, root)
	set := root.do("DescribeChangeSet", in{"StackName": "s", "ChangeSetName": "first"})
	require.Equal(t, "CREATE_COMPLETE", set.text("Status"))
	require.Equal(t, "AVAILABLE", set.text("ExecutionStatus"))
	require.Len(t, set.all("Changes/member"), 8)
	require.Equal(t, "Add", set.text("Changes/member/ResourceChange/Action"))
	require.Equal(t, before, rawTemplate(root, in{"StackName": "s", "ChangeSetName": "first"}))

	root.fails("CreateChangeSet", change("s", "first", "CREATE", before), "AlreadyExistsException", "ChangeSet first cannot be created")
	root.fails("CreateStack", request("s", before), "AlreadyExistsException", "Stack [s] already exists")
	root.do("ExecuteChangeSet", in{"ChangeSetName": made.text("Id")})
	require.Equal(t, "CREATE_COMPLETE", root.stack("s").status)
	root.fails("ExecuteChangeSet", in{"ChangeSetName": made.text("Id")}, "InvalidChangeSetStatus",
		"cannot be executed in its current execution status of [EXECUTE_COMPLETE]")
	root.fails("CreateChangeSet", change("s", "second", "CREATE", before), "ValidationError", "already exists and cannot be created again")

	// The name of what was executed is free: the AWS CLI names change sets by the second, and this server is quick.
	root.do("CreateChangeSet", change("s", "first", "UPDATE", after))
	require.Equal(t, "AVAILABLE", root.do("DescribeChangeSet", in{"StackName": "s", "ChangeSetName": "first"}).text("ExecutionStatus"))
	require.Len(t, root.do("ListChangeSets", in{"StackName": "s"}).all("Summaries/member"), 1)
}

func rawTemplate(c *client, input in) string {
	return "\n" + c.do("GetTemplate", input).text("TemplateBody") + "\n" // text is trimmed
}

func TestChangeSetUpdatesAStack(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	root.create("s", before)
	root.do("CreateChangeSet", change("s", "none", "UPDATE", before))
	none := root.do("DescribeChangeSet", in{"StackName": "s", "ChangeSetName": "none"})
	require.Equal(t, "FAILED", none.text("Status"))
	require.Equal(t, "UNAVAILABLE", none.text("ExecutionStatus"))
	require.Equal(t, "The submitted information didn't contain changes. Submit different information to create a change set.",
		none.text("StatusReason"))
	root.fails("ExecuteChangeSet", in{"StackName": "s", "ChangeSetName": "none"}, "InvalidChangeSetStatus", "[UNAVAILABLE]")

	root.do("CreateChangeSet", change("s", "some", "UPDATE", after))
	set := root.do("DescribeChangeSet", in{"StackName": "s", "ChangeSetName": "some"})
	got := map[string]string{}
	for _, c := range set.all("Changes/member/ResourceChange") {
		got[c.text("LogicalResourceId")] = strings.Join([]string{c.text("Action"), c.text("Replacement")}, " ")
	}
	require.Equal(t, map[string]string{
		"Key": "Modify False", "Alias": "Modify True", "Group": "Remove ", "User": "Modify False", "Role": "Modify True",
		"Managed": "Modify False", "AccessKey": "Modify True",
	}, got)
	require.Equal(t, "UPDATE_COMPLETE", executed(root, "some").status)
	require.Len(t, root.do("ListChangeSets", in{"StackName": "s"}).all("Summaries/member"), 1) // the others are obsolete

	// What a change set said holds no longer once the stack changed: it is gone.
	root.do("CreateChangeSet", change("s", "back", "UPDATE", before))
	root.do("CreateChangeSet", change("s", "alike", "UPDATE", before))
	require.Equal(t, "UPDATE_COMPLETE", executed(root, "back").status)
	root.fails("ExecuteChangeSet", in{"StackName": "s", "ChangeSetName": "alike"}, "ChangeSetNotFound", "ChangeSet [alike] does not exist")

	root.do("CreateChangeSet", change("s", "unused", "UPDATE", after))
	root.do("DeleteChangeSet", in{"StackName": "s", "ChangeSetName": "unused"})
	root.do("DeleteChangeSet", in{"StackName": "s", "ChangeSetName": "unused"})
	root.fails("DescribeChangeSet", in{"StackName": "s", "ChangeSetName": "unused"}, "ChangeSetNotFound", "does not exist")
	root.fails("DescribeChangeSet", in{"ChangeSetName": "unused"}, "ValidationError", "StackName must be specified")
	root.fails("CreateChangeSet", change("none", "x", "UPDATE", after), "ValidationError", "Stack [none] does not exist")
	root.fails("CreateChangeSet", change("s", "x", "IMPORT", after), "ValidationError", "import of resources is not supported")
}

func executed(c *client, set string) stack {
	c.do("ExecuteChangeSet", in{"StackName": "s", "ChangeSetName": set})
	return c.stack("s")
}

// TestChangeSetIsBoundToItsStack shows that an update by other means makes a change set obsolete.
func TestChangeSetIsBoundToItsStack(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	root.create("s", before)
	root.do("CreateChangeSet", change("s", "stale", "UPDATE", after))
	root.update("s", strings.Replace(before, "Description: old", "Description: newer", 1))
	root.fails("ExecuteChangeSet", in{"StackName": "s", "ChangeSetName": "stale"}, "InvalidChangeSetStatus", "[OBSOLETE]")
}
