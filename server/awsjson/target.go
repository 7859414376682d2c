package awsjson

import "strings"

// targetPrefix is the name of AWS KMS in X-Amz-Target (the service's API model, targetPrefix).
const targetPrefix = "TrentService."

// Operation returns the operation that an X-Amz-Target names, for example Encrypt of TrentService.Encrypt. It reports
// false for targets that are not of AWS KMS. Whether there is such an operation is another question.
func Operation(target string) (string, bool) {
	name, ok := strings.CutPrefix(target, targetPrefix)
	return name, ok && name != ""
}
