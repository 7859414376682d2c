package cloudformation

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/strictkms/strictkms/policy"
)

var stackName = regexp.MustCompile(`\A[a-zA-Z][-a-zA-Z0-9]*\z`)

// maxStackName is 128 characters
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, StackName).
const maxStackName = 128

// checkStackName holds the name of a new stack to what AWS takes; the model does not say it.
func checkStackName(name string) error {
	switch {
	case !stackName.MatchString(name):
		return invalid("1 validation error detected: Value '%.256s' at 'stackName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	case len(name) > maxStackName:
		return invalid("1 validation error detected: Value '%.256s' at 'stackName' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", name, maxStackName)
	default:
		return nil
	}
}

// newUUID makes the last part of an id.
func (c *call) newUUID() (string, error) {
	id, err := uuid.NewRandomFromReader(c.service.config.Rand)
	if err != nil {
		return "", fmt.Errorf("new id: %w", err)
	}
	return id.String(), nil
}

// arn is the ARN of a stack or change set of the caller's account.
func (c *call) arn(kind, name, id string) string {
	return policy.ARN{
		Partition: c.Partition, Service: "cloudformation", Region: c.Region, Account: c.Account,
		Resource: kind + "/" + name + "/" + id,
	}.String()
}

// splitID takes the ARN of a stack or change set of the caller's account and Region apart.
func (c *call) splitID(kind, id string) (name, last string, ok bool) {
	rest, ok := strings.CutPrefix(id, c.arn(kind, "", "")[:len(c.arn(kind, "", ""))-1])
	if !ok {
		return "", "", false
	}
	name, last, ok = strings.Cut(rest, "/")
	return name, last, ok && stackName.MatchString(name) && uuid.Validate(last) == nil
}

const suffixLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// suffixLength is the length of the random part of the names that AWS CloudFormation makes
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html shows longer ones of old).
const suffixLength = 12

// newName makes the name of a resource: STACK-LogicalID-SUFFIX, of which the parts before the suffix are cut when it
// would be longer than the service takes.
func (w *work) newName(r *resourceRecord, most int) (string, error) {
	suffix := make([]byte, suffixLength)
	for i := range suffix {
		b := make([]byte, 1)
		for { // without the bias of a remainder
			if _, err := io.ReadFull(w.service.config.Rand, b); err != nil {
				return "", fmt.Errorf("new name: %w", err)
			}
			if int(b[0]) < len(suffixLetters)*4 {
				break
			}
		}
		suffix[i] = suffixLetters[int(b[0])%len(suffixLetters)]
	}
	stack, logical := w.stack.Name, r.LogicalID
	room := most - suffixLength - 2
	if len(stack)+len(logical) > room {
		stack = stack[:min(len(stack), max(room/2, room-len(logical)))]
		logical = logical[:min(len(logical), room-len(stack))]
	}
	return stack + "-" + logical + "-" + string(suffix), nil
}
