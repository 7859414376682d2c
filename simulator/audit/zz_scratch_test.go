package audit

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"slices"
)

func TestZZ(t *testing.T) {
	name := os.Getenv("ZZ")
	if name == "" {
		t.Skip()
	}
	src, _ := os.ReadFile(name)
	doc, diags := policy.Parse(policy.KeyPolicy, "f", src, policy.WithFile("f.json"))
	in := Input{AssumedAccount: "111122223333", Documents: []*policy.Document{doc}, Diagnostics: diags}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	r := &run{ctx: ctx, in: &in, subjects: collect(&in), world: &source.World{}}
	r.evaluator = evaluator.New(r.world)
	r.index()
	for _, rule := range slices.Concat(earlyRules, deadRules) {
		at := time.Now()
		r.apply(rule)
		if d := time.Since(at); d > 100*time.Millisecond {
			fmt.Println(rule.Code, d)
		}
	}
}
