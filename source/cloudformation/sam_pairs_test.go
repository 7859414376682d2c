package cloudformation_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// samPairs finds the tests of AWS's own translator, of each the template and what it becomes: in a checkout of
// github.com/aws/serverless-application-model that SAM_TESTS names (its tests/translator), or the few in the corpus.
func samPairs(t *testing.T) (pairs [][2]string) {
	t.Helper()
	if dir := os.Getenv("SAM_TESTS"); dir != "" {
		inputs, err := filepath.Glob(filepath.Join(dir, "input", "*.yaml"))
		require.NoError(t, err)
		for _, input := range inputs {
			output := filepath.Join(dir, "output", strings.TrimSuffix(filepath.Base(input), ".yaml")+".json")
			if _, err := os.Stat(output); err == nil && !strings.HasPrefix(filepath.Base(input), "error_") {
				pairs = append(pairs, [2]string{input, output})
			}
		}
		return pairs
	}
	const of = "aws+serverless-application-model__tests__translator__"
	outputs, err := filepath.Glob(filepath.Join(corpusDir, of+"output__*.json"))
	require.NoError(t, err)
	for _, output := range outputs {
		name := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(output), ".json"), of+"output__")
		if !strings.Contains(name, "__") { // of the partition aws
			pairs = append(pairs, [2]string{filepath.Join(corpusDir, of+"input__"+name+".yaml"), output})
		}
	}
	return pairs
}

// TestSAMPairs compares the roles that are made for functions and state machines with those that AWS's translator makes.
func TestSAMPairs(t *testing.T) {
	pairs := samPairs(t)
	if len(pairs) == 0 {
		t.Skip("skipped: no tests of AWS's translator in " + corpusDir + " or SAM_TESTS")
	}
	compared := 0
	for _, pair := range pairs {
		t.Run(filepath.Base(pair[0]), func(t *testing.T) {
			in, inErr := samWorld(t, pair[0], true)
			out, outErr := samWorld(t, pair[1], false)
			if outErr != nil {
				t.Skipf("skipped: what it becomes does not load: %v", outErr)
			}
			require.NoError(t, inErr)
			resources := regexp.MustCompile(`(?m)^  ([A-Za-z0-9]+):\s*(?:#.*)?\n(?:    .*\n|\s*\n)*?    Type:\s*["']?AWS::Serverless::(?:Function|StateMachine)\b`)
			src, err := os.ReadFile(pair[0])
			require.NoError(t, err)
			mine := map[string]bool{}
			for _, m := range resources.FindAllStringSubmatch(string(src), -1) {
				mine[m[1]+"Role"] = true
			}
			delete(mine, "ServerlessRestApiRole") // of a test about a function that has the name of the API
			require.Equal(t, roleTexts(out, mine), roleTexts(in, mine))
			compared += len(mine)
		})
	}
	t.Logf("%d functions and state machines of %d templates compared", compared, len(pairs))
	require.Positive(t, compared)
}

// samWorld loads one of a pair, with the transform that the tests leave out.
func samWorld(t *testing.T, file string, transform bool) (*source.World, error) {
	t.Helper()
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	if transform && !regexp.MustCompile(`(?m)^Transform:`).Match(src) {
		src = append(src, "\nTransform: AWS::Serverless-2016-10-31\n"...)
	}
	w := &source.World{}
	err = cloudformation.Load(w, filepath.Base(file), src, cloudformation.Options{StackName: "sam", Parameters: values(t, filepath.Base(file), src)})
	return w, err
}

// roleTexts says what matters of roles: everything but statements about services that are not decided here.
func roleTexts(w *source.World, ids map[string]bool) []string {
	var texts []string
	for _, r := range w.Roles {
		if !ids[r.LogicalID] {
			continue
		}
		var attached []string
		for _, arn := range r.Attached { // of a policy that is not known here, only the name is
			if name := arn[strings.LastIndex(arn, "/")+1:]; !strings.Contains(arn, ":policy/sam-") { // of connectors
				attached = append(attached, name)
			}
		}
		slices.Sort(attached)
		var text strings.Builder
		fmt.Fprintln(&text, r.LogicalID, r.Name, r.Path, r.Tags, slices.Compact(attached), r.Boundary, r.Unknown != nil)
		for _, doc := range append([]*policy.Document{r.Trust}, r.Policies...) {
			for _, s := range doc.Statements {
				if s.Actions == nil || s.Actions.ActionSet().IsEmpty() {
					continue
				}
				fmt.Fprintln(&text, " ", doc.Name, s.Effect, s.Actions.ActionSet().Actions()[0].Name, s.Actions.ActionSet().Len(), len(s.Conditions))
				if s.Resources != nil {
					for _, v := range s.Resources.Values {
						fmt.Fprintln(&text, "   ", v.Text, v.Unresolved)
					}
				}
			}
		}
		texts = append(texts, text.String())
	}
	slices.Sort(texts)
	return texts
}
