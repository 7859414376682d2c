package cloudformation

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// AssemblyManifest is the file that says what is in the output folder of the AWS CDK, a cloud assembly
// (https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-app).
const AssemblyManifest = "manifest.json"

// assembly is a cloud assembly while it is read.
type assembly struct {
	opts   Options
	errors policy.Diagnostics
	stacks []*assemblyStack
}

// assemblyStack is a stack of an assembly.
type assemblyStack struct {
	id, name, template string
	account, region    string
	parameters         map[string]string
	needs              []string
	manifest           string
	pos                policy.Position
	done               bool
}

// LoadAssembly adds every stack of the output folder of the AWS CDK to the world, those of stages in it included: each
// in the account and Region that it is made for, or those of the options when it is for any. Stacks come after those that
// they depend on, so that what these export is known. opts.Open reads the files of the folder, whose manifest is file.
// The error is a [policy.Diagnostics], and the world is then of no use.
func LoadAssembly(w *source.World, file string, src []byte, opts Options) error {
	if opts.Exports == nil {
		opts.Exports = &Exports{}
	}
	opts.Account = cmp.Or(opts.Account, w.Defaults.Account, "111122223333")
	opts.Region = cmp.Or(opts.Region, w.Defaults.Region, "us-east-1")
	a := &assembly{opts: opts}
	a.read(file, src, 0)
	for _, s := range a.stacks {
		a.load(w, s)
	}
	if len(a.errors) > 0 {
		a.errors.Sort()
		return a.errors
	}
	return nil
}

func (a *assembly) fail(pos policy.Position, code, format string, args ...any) {
	a.errors = append(a.errors, policy.Diagnostic{
		Code: code, Severity: policy.SeverityError, Message: fmt.Sprintf(format, args...), Pos: pos,
	})
}

// read reads a manifest and those of the stages in it
// (https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema-readme.html).
func (a *assembly) read(file string, src []byte, depth int) {
	f, diags := yamljson.ParseJSON(file, src)
	if f == nil || len(diags) > 0 {
		a.errors = append(a.errors, diags...)
		return
	}
	c := newConverter(f)
	root := c.value(f.Root)
	artifacts := root.get("artifacts")
	if artifacts == nil || artifacts.kind != mapNode {
		a.fail(root.pos, "not-an-assembly", "expected the manifest of a cloud assembly of the AWS CDK, with artifacts")
		return
	}
	if missing := root.get("missing"); missing != nil {
		for _, m := range missing.items {
			what := m.get("key")
			if what == nil {
				what = m
			}
			a.fail(m.pos, "missing-context", "the AWS CDK has not looked up %s: the templates hold a made-up value in its place; run cdk synth with credentials",
				quote(what.text))
		}
	}
	for _, e := range artifacts.entries {
		kind := e.value.get("type")
		if kind == nil {
			a.fail(e.pos, "missing-property", "the artifact %s needs a type", quote(e.key))
			continue
		}
		switch kind.text {
		case "aws:cloudformation:stack":
			a.stack(file, e)
		case "cdk:cloud-assembly":
			a.stage(file, e, depth)
		}
	}
}

// stage reads the assembly of a stage, which is in a folder of its own.
func (a *assembly) stage(file string, e entry, depth int) {
	directory := e.value.get("properties").get("directoryName")
	if directory == nil || directory.kind != scalarNode {
		a.fail(e.pos, "missing-property", "the stage %s needs a directoryName", quote(e.key))
		return
	}
	if depth == maxNesting {
		a.fail(directory.pos, "too-deep", "stages are nested deeper than %d levels", maxNesting)
		return
	}
	name := path.Join(path.Dir(filepath.ToSlash(file)), directory.text, AssemblyManifest)
	src, err := a.opts.Open(name)
	if err != nil {
		a.fail(directory.pos, "missing-file", "the stage %s cannot be read: %s", quote(e.key), err)
		return
	}
	a.read(name, src, depth+1)
}

// stack reads what the manifest says of a stack.
func (a *assembly) stack(file string, e entry) {
	properties := e.value.get("properties")
	template := properties.get("templateFile")
	if template == nil || template.kind != scalarNode {
		a.fail(e.pos, "missing-property", "the stack %s needs a templateFile", quote(e.key))
		return
	}
	s := &assemblyStack{
		id: e.key, name: e.key, manifest: file, pos: template.pos, parameters: map[string]string{},
		template: path.Join(path.Dir(filepath.ToSlash(file)), template.text),
		account:  a.opts.Account, region: a.opts.Region,
	}
	if name := properties.get("stackName"); name != nil && name.text != "" {
		s.name = name.text
	}
	a.environment(s, e)
	maps.Copy(s.parameters, a.opts.Parameters)
	if given := properties.get("parameters"); given != nil {
		for _, p := range given.entries {
			if _, asked := s.parameters[p.key]; !asked && p.value.kind == scalarNode {
				s.parameters[p.key] = p.value.text
			}
		}
	}
	if needs := e.value.get("dependencies"); needs != nil {
		for _, n := range needs.items {
			s.needs = append(s.needs, n.text)
		}
	}
	a.stacks = append(a.stacks, s)
}

// environment reads where a stack is made: aws://ACCOUNT/REGION, either of which may be unknown.
func (a *assembly) environment(s *assemblyStack, e entry) {
	n := e.value.get("environment")
	if n == nil {
		return
	}
	account, region, ok := strings.Cut(strings.TrimPrefix(n.text, "aws://"), "/")
	if !ok || !strings.HasPrefix(n.text, "aws://") {
		a.fail(n.pos, "wrong-type", "expected the environment of %s as aws://ACCOUNT/REGION", quote(e.key))
		return
	}
	if account != "unknown-account" {
		s.account = account
	}
	if region != "unknown-region" {
		s.region = region
	}
}

// load loads a stack after those that it needs.
func (a *assembly) load(w *source.World, s *assemblyStack) {
	if s.done {
		return
	}
	s.done = true
	for _, other := range a.stacks {
		if other.manifest == s.manifest && slices.Contains(s.needs, other.id) {
			a.load(w, other)
		}
	}
	src, err := a.opts.Open(s.template)
	if err != nil {
		a.fail(s.pos, "missing-file", "the template of the stack %s cannot be read: %s", quote(s.id), err)
		return
	}
	opts := a.opts
	opts.Account, opts.Region, opts.StackName = s.account, s.region, s.name
	opts.Parameters, opts.AllowExtraParameters = s.parameters, true
	if diags, ok := errors.AsType[policy.Diagnostics](Load(w, s.template, src, opts)); ok {
		a.errors = append(a.errors, diags...)
	}
}
