package inline

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
)

// readContext reads condition keys, each with one value or a list of them.
func (l *lineForm) readContext(v gjson.Result) {
	l.members(v, "context", func(name, value gjson.Result) {
		path := fmt.Sprintf("context[%q]", name.Str)
		if service, key, ok := strings.Cut(name.Str, ":"); !ok || service == "" || key == "" {
			l.fail(codeContext, name.Index, "%q is no condition key: expected service:name, for example kms:ViaService", name.Str)
			return
		}
		switch {
		case value.Type == gjson.Null: // a missing key
		case value.IsArray():
			list := []string{}
			l.items(path, value, func(path string, item gjson.Result) { list = append(list, l.scalar(path, item)) })
			l.context[name.Str] = list
		case value.IsObject():
			l.wrongType(path, value, "a string or an array of strings")
		default:
			l.context[name.Str] = []string{l.scalar(path, value)}
		}
	})
}

// given returns the only value of a condition key that the line gives, empty when there is none.
func (l *lineForm) given(key string) string {
	folded := policy.FoldKey(key)
	for name, values := range l.context {
		if policy.FoldKey(name) == folded && len(values) == 1 {
			return values[0]
		}
	}
	return ""
}
