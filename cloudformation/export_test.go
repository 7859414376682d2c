package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExports(t *testing.T) {
	t.Parallel()
	_, root := start(t)
	const exporter = `
Resources:
  G: {Type: AWS::IAM::Group, Properties: {GroupName: first}}
Outputs:
  Group: {Value: !Ref G, Export: {Name: !Sub "${AWS::StackName}-group"}}
`
	const importer = `
Resources:
  U: {Type: AWS::IAM::User, Properties: {UserName: u, Groups: [!ImportValue a-group]}}
`
	root.create("a", exporter)
	require.Equal(t, "CREATE_COMPLETE", root.create("b", importer).status)
	exports := root.do("ListExports", in{})
	require.Equal(t, []string{"a-group", "first"}, []string{exports.text("Exports/member/Name"), exports.text("Exports/member/Value")})
	require.Equal(t, []string{"b"}, root.do("ListImports", in{"ExportName": "a-group"}).texts("Imports/member"))
	require.Equal(t, "first", root.iam("ListGroupsForUser", in{"UserName": "u"}).text("Groups/member/GroupName"))

	root.do("DeleteStack", in{"StackName": "a"})
	s := root.stack("a")
	require.Equal(t, []string{"DELETE_FAILED", "Export a-group cannot be deleted as it is in use by b"}, []string{s.status, s.reason})
	root.do("DeleteStack", in{"StackName": "b"})
	root.fails("ListImports", in{"ExportName": "a-group"}, "ValidationError", "Export 'a-group' is not imported by any stack.")
	root.do("DeleteStack", in{"StackName": "a"})
	require.Empty(t, root.do("ListExports", in{}).all("Exports/member"))

	root.create("a", exporter)
	root.create("b", importer)
	changed := root.update("a", strings.Replace(exporter, "first", "second", 1))
	require.Equal(t, "UPDATE_ROLLBACK_COMPLETE", changed.status)
	require.Contains(t, root.reasons("a"), "Export a-group cannot be updated as it is in use by b")
	gone := root.update("a", exporter[:strings.Index(exporter, "Outputs")])
	require.Equal(t, "UPDATE_ROLLBACK_COMPLETE", gone.status)
	require.Contains(t, root.reasons("a"), "Export a-group cannot be deleted as it is in use by b")
	require.Equal(t, "first", root.stack("a").outputs["Group"])

	taken := root.create("c", strings.ReplaceAll(strings.Replace(exporter, "first", "third", 1), "${AWS::StackName}", "a"))
	require.Equal(t, "ROLLBACK_COMPLETE", taken.status)
	require.Contains(t, root.reasons("c"), "Export with name a-group is already exported by stack a")
}
