package terraform_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/terraform"
)

// others are the values that something of a plan is replaced with: one of every type, and short.
var others = []string{`0`, `""`, `false`, `[]`, `{}`}

// spots are all values in a plan.
func spots(r gjson.Result, found []spot) []spot {
	return spotsIn(r, found, "")
}

// spot is a value in a plan.
type spot struct {
	gjson.Result
	in string // what it is in, or what it is
}

// anyType are what may have any type: values of variables and of expressions, and what is not planned but was there.
var anyType = []string{"value", "constant_value", "default"}

func spotsIn(r gjson.Result, found []spot, in string) []spot {
	found = append(found, spot{r, in})
	if r.IsArray() || r.IsObject() {
		r.ForEach(func(name, part gjson.Result) bool {
			if slices.Contains(anyType, name.Str) {
				return true
			}
			within := in
			switch name.Str {
			case "after_unknown":
				within = name.Str
			case "expressions":
				within = "block" // blocks of one kind may be written as one object
			}
			found = spotsIn(part, found, within)
			return true
		})
	}
	return found
}

// TestWrongTypes gives everything in plans every other type, one at a time: that is an error whose position is in the file, or it
// was nothing that is read, and the world is the same.
func TestWrongTypes(t *testing.T) {
	corners, err := os.ReadFile(filepath.Join(plansDir, "corners", "plan.json"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		src   string
		every int // how many values there are for one that is replaced
	}{"small": {small, 1}, "corners": {string(corners), 97}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			as, _ := loaded(t, c.src, c.src)
			refused, n := 0, 0
			for _, spot := range spots(gjson.Parse(c.src), nil) {
				for _, text := range others {
					if len(text) > len(spot.Raw) || spot.Type == gjson.Null || typeName(gjson.Parse(text)) == typeName(spot.Result) ||
						text == `{}` && spot.in == "block" || spot.in == "after_unknown" && (text == "false" || spot.IsBool() && text != `0`) {
						continue // null is what is not there, and may be of any type; what is not unknown may be said in several ways
					}
					if n++; n%c.every != 0 {
						continue
					}
					padded := text + strings.Repeat(" ", len(spot.Raw)-len(text)) // everything else stays where it is
					got, ok := loaded(t, c.src[:spot.Index]+padded+c.src[spot.Index+len(spot.Raw):], c.src)
					if !ok {
						refused++
						continue
					}
					require.Equal(t, as, got, "%s instead of %.100s: %.300s", text, spot.Raw, c.src[max(0, spot.Index-200):])
				}
			}
			require.Positive(t, refused)
			require.LessOrEqual(t, refused, n)
		})
	}
}

// typeName names the type of a value.
func typeName(r gjson.Result) string {
	switch {
	case r.IsArray():
		return "array"
	case r.IsObject():
		return "object"
	case r.IsBool():
		return "bool"
	default:
		return r.Type.String()
	}
}

// loaded loads a plan and describes it, with what stood at its positions before; ok is false when it is refused.
func loaded(t *testing.T, src, before string) (text string, ok bool) {
	t.Helper()
	w := &source.World{}
	if err := terraform.Load(w, "p.json", []byte(src), terraform.Options{}); err != nil {
		diags, ok := errors.AsType[policy.Diagnostics](err)
		require.True(t, ok)
		for _, d := range diags {
			require.True(t, d.Pos.IsValid() && d.Pos.Offset < len(src), "%v", d)
		}
		return "", false
	}
	return describe(w, []byte(before)), true
}
