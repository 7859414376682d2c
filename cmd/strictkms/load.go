package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
	"github.com/strictkms/strictkms/source/files"
	"github.com/strictkms/strictkms/source/snapshot"
	"github.com/strictkms/strictkms/source/terraform"
)

// loader reads files into one world.
type loader struct {
	world   *source.World
	options cloudformation.Options
	// stackOf returns the file that a template's stack is named after when no name is given, nil for its own.
	stackOf func(name string) string
	// expected says what a file may hold.
	expected string
	// sources are the files that were read.
	sources map[string][]byte
	// policies also takes policy documents by themselves in a folder.
	policies bool
}

// regionName is the form of the names of Regions, for example eu-west-2 or us-gov-east-1.
var regionName = regexp.MustCompile(`\A[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\z`)

// newLoader checks the flags. With several files, each template takes the parameters it declares.
func newLoader(p stackParams, several bool) (*loader, error) {
	if !policy.IsAccountID(p.account) {
		return nil, fmt.Errorf("--account %q: expected 12 digits", p.account)
	}
	if !regionName.MatchString(p.region) {
		return nil, fmt.Errorf("--region %q: expected a Region, for example eu-west-2", p.region)
	}
	values := map[string]string{}
	err := pairs("parameter", p.parameters, func(key, value string) error {
		if before, ok := values[key]; ok && before != value {
			return fmt.Errorf("the parameter is already %q", before)
		}
		values[key] = value
		return nil
	})
	if err != nil {
		return nil, err
	}
	l := &loader{
		expected: loadable, sources: map[string][]byte{},
		world: &source.World{Defaults: source.Defaults{
			Account: p.account, Region: p.region, Partition: policy.PartitionOf(p.region),
		}},
		options: cloudformation.Options{
			Account: p.account, Region: p.region, StackName: p.stackName, Parameters: values, AllowExtraParameters: several,
			Exports: &cloudformation.Exports{},
		},
	}
	l.options.Open = l.open
	return l, nil
}

// open reads a file that another one names.
func (l *loader) open(name string) ([]byte, error) {
	src, err := os.ReadFile(name)
	if err == nil {
		l.sources[name] = src
	}
	return src, err
}

// loadWorld reads files into one world and prints the warnings about them. It reports what is wrong
// with every file.
func loadWorld(names []string, p stackParams, errw io.Writer) (*source.World, error) {
	l, err := newLoader(p, len(names) > 1)
	if err != nil {
		return nil, err
	}
	err = l.loadAll(names, nil)
	warn(errw, l.world.Warnings)
	return l.world, err
}

// loadAll adds files and folders to the world. What other takes is not loaded, nil for nothing. The output of the AWS
// CLI is put together, in the place of the first file of it: what it says of a key is in several files.
func (l *loader) loadAll(names []string, other func(name string, src []byte) (taken bool, err error)) error {
	var (
		errs  []error
		steps []func() error
		parts []snapshot.File
	)
	add := func(in input) {
		l.sources[in.name] = in.src
		if in.kind == snapshotFile {
			if parts = append(parts, snapshot.File{Name: in.name, Src: in.src}); len(parts) == 1 {
				steps = append(steps, func() error { return snapshot.Load(l.world, parts) })
			}
			return
		}
		if other != nil && !in.inFolder {
			taken, err := other(in.name, in.src)
			errs = append(errs, err)
			if taken {
				return
			}
		}
		steps = append(steps, func() error { return l.load(in) })
	}
	for _, name := range names {
		inputs, err := l.inputs(name)
		errs = append(errs, err)
		for _, in := range inputs {
			add(in)
		}
	}
	for _, step := range steps {
		errs = append(errs, step())
	}
	return errors.Join(errs...)
}

// load adds one file to the world.
func (l *loader) load(in input) error {
	name, src := in.name, in.src
	switch in.kind {
	case worldFile:
		return files.Load(l.world, name, src, l.world.Defaults)
	case policyFile:
		return fmt.Errorf("%s:1:1: a policy document by itself does not say what it is attached to: expected %s", name, loadable)
	case assemblyFile:
		options := l.options
		options.StackName = ""
		return cloudformation.LoadAssembly(l.world, name, src, options)
	case templateFile:
		return cloudformation.Load(l.world, name, src, l.stack(name))
	case planFile:
		return terraform.Load(l.world, name, src, terraform.Options{
			Account: l.options.Account, Region: l.options.Region, Before: in.before,
		})
	default:
		if filepath.Ext(name) == ".tf" {
			return fmt.Errorf("%s:1:1: this is a configuration of Terraform: expected a plan of it, written with terraform show -json PLAN", name)
		}
		err := cloudformation.Load(l.world, name, src, l.stack(name))
		if diags, ok := errors.AsType[policy.Diagnostics](err); ok && diags[0].Code == "not-a-template" {
			return fmt.Errorf("%s:1:1: expected %s", name, l.expected)
		}
		return err
	}
}

// stack says where what the template of a name declares would be.
func (l *loader) stack(name string) cloudformation.Options {
	options := l.options
	if options.StackName == "" && l.stackOf != nil {
		options.StackName = cloudformation.StackNameOf(l.stackOf(name))
	}
	return options
}

// loadable says what --load takes.
const loadable = "a CloudFormation template (with Resources), a strictkms world file (with accounts, organization or endpoints), " +
	"a Terraform plan or state as JSON, output of the AWS CLI, the output folder of the AWS CDK, or a folder of such files"
