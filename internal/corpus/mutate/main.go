package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/strictkms/strictkms/rego"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, errSurvivors):
		os.Exit(1)
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
}

// errSurvivors is a run that the output explains.
var errSurvivors = errors.New("a mutant survived")

// goFiles are the files that turn policies into Rego and requests into what the decision module asks.
var goFiles = []string{
	"rego/action.go", "rego/arn.go", "rego/comparison.go", "rego/condition.go", "rego/expression.go", "rego/grant.go",
	"rego/guard.go", "rego/nullset.go", "rego/pattern.go", "rego/principal.go", "rego/scope.go", "rego/statement.go",
	"rego/translate.go",
	"evaluator/authorize.go", "evaluator/context.go", "evaluator/derived.go", "evaluator/facts.go", "evaluator/gather.go",
	"evaluator/match.go", "evaluator/query.go", "evaluator/resource.go", "evaluator/role.go", "evaluator/unit.go",
}

// options are the flags.
type options struct {
	part, files, cases, allowed string
	sample, workers             int
	seed                        uint64
	timeout                     time.Duration
	verbose, list, quick        bool
	listed, unlisted            bool
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.StringVar(&o.part, "part", "all", "what to change: all, rego or go")
	flags.StringVar(&o.files, "files", "", "change these files only, separated by commas")
	flags.StringVar(&o.cases, "cases", "testdata/decisions", "the directory of the corpus")
	flags.StringVar(&o.allowed, "equivalent", "testdata/mutation/equivalent.txt", "the mutants that change nothing, with reasons")
	flags.IntVar(&o.sample, "sample", 0, "run that many mutants only")
	flags.Uint64Var(&o.seed, "seed", 1, "which ones the sample takes")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "how long a case may take with a mutant")
	flags.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "how many processes to put to the mutants of Go code")
	flags.BoolVar(&o.verbose, "v", false, "print every mutant and what killed it")
	flags.BoolVar(&o.list, "list", false, "print the mutants and run none")
	flags.BoolVar(&o.listed, "listed", false, "run the mutants of the -equivalent file only, to see that they still survive")
	flags.BoolVar(&o.unlisted, "unlisted", false, "run the mutants only that the -equivalent file does not list")
	flags.BoolVar(&o.quick, "quick", false, "do not ask which other tests, such as stock OPA, kill the survivors")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.part != "all" && o.part != "rego" && o.part != "go" {
		return o, errors.New("usage: mutate [-part all|rego|go] [-files F,F] [-sample N [-seed S]] [-v] [-list]")
	}
	return o, nil
}

// run lists the mutants, runs them and reports.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	allowed, err := readAllowed(o.allowed)
	if err != nil {
		return err
	}
	all, sources, err := mutants(o)
	if err != nil {
		return err
	}
	chosen := sample(all, o)
	if o.listed || o.unlisted {
		chosen = slices.DeleteFunc(slices.Clone(chosen), func(m *mutant) bool { return allowed.has(m) != o.listed })
	}
	if o.list {
		for _, m := range chosen {
			_, _ = fmt.Fprintf(out, "%d %s\n", m.line, m.name())
		}
		return nil
	}
	runners := runners{options: o, all: all, sources: sources}
	defer runners.remove()
	p := printer{out: out, verbose: o.verbose, allowed: allowed}
	var results []result
	tell := func(r result) {
		results = append(results, r)
		p.one(r)
	}
	if err := runners.run(ctx, chosen, allowed.has, tell); err != nil {
		return err
	}
	files := map[string]bool{}
	for _, m := range all {
		files[m.file] = true
	}
	wrong := allowed.judge(results, files, len(chosen) == len(all))
	return p.summary(results, wrong)
}

// mutants lists all mutants of the files that the flags name.
func mutants(o options) ([]*mutant, map[string]string, error) {
	wanted := func(file string) bool { return o.files == "" || slices.Contains(strings.Split(o.files, ","), file) }
	var all []*mutant
	sources := map[string]string{}
	modules := map[string]string{decisionFile: rego.DecisionModule, layersFile: rego.LayersModule}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		if o.part == "go" || !wanted(file) {
			continue
		}
		found, err := regoMutants(file, modules[file])
		if err != nil {
			return nil, nil, err
		}
		all = append(all, found...)
	}
	for _, file := range goFiles {
		if o.part == "rego" || !wanted(file) {
			continue
		}
		text, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			return nil, nil, fmt.Errorf("%w (run from the root of the module)", err)
		}
		found, err := goMutants(file, string(text))
		if err != nil {
			return nil, nil, err
		}
		sources[file] = string(text)
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("no mutants in %s", o.files)
	}
	number(all)
	return all, sources, nil
}

// sample takes some of the mutants, in their order.
func sample(all []*mutant, o options) []*mutant {
	if o.sample <= 0 || o.sample >= len(all) {
		return all
	}
	order := rand.New(rand.NewPCG(o.seed, 0)).Perm(len(all))[:o.sample]
	slices.Sort(order)
	chosen := make([]*mutant, len(order))
	for i, at := range order {
		chosen[i] = all[at]
	}
	return chosen
}
