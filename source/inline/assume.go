package inline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/evaluator"
)

// readAssume reads how a line reads assumptions: {"grant-and-scp": "survives"}.
func (l *lineForm) readAssume(v gjson.Result) {
	l.members(v, "assume", func(name, value gjson.Result) {
		if value.Type == gjson.Null {
			return // as by default
		}
		path := fmt.Sprintf("assume[%q]", name.Str)
		if value.Type != gjson.String {
			l.wrongType(path, value, "a string")
			return
		}
		text := name.Str + "=" + value.Str
		if _, err := evaluator.ParseReadings(text); err != nil {
			l.fail(codeAssumption, name.Index, "%s: %s", path, err)
			return
		}
		l.assume = append(l.assume, text)
	})
}

// Readings are how the line reads the assumptions: as it says itself and, for those that it does not name, as base does.
func (c *Case) Readings(base evaluator.Readings) (evaluator.Readings, error) {
	if len(c.assume) == 0 {
		return base, nil
	}
	nameOf := func(text string) string { name, _, _ := strings.Cut(text, "="); return name }
	texts := slices.DeleteFunc(strings.Fields(base.String()), func(text string) bool {
		return slices.ContainsFunc(c.assume, func(own string) bool { return nameOf(own) == nameOf(text) })
	})
	return evaluator.ParseReadings(slices.Concat(texts, c.assume)...)
}
