package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
	"github.com/strictkms/strictkms/source/files"
)

// loader reads files into one world.
type loader struct {
	world   *source.World
	options cloudformation.Options
	// expected says what a file may hold.
	expected string
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
	return &loader{
		expected: loadable,
		world: &source.World{Defaults: source.Defaults{
			Account: p.account, Region: p.region, Partition: policy.PartitionOf(p.region),
		}},
		options: cloudformation.Options{
			Account: p.account, Region: p.region, StackName: p.stackName, Parameters: values, AllowExtraParameters: several,
		},
	}, nil
}

// loadWorld reads files into one world and prints the warnings about them. It reports what is wrong
// with every file.
func loadWorld(names []string, p stackParams, errw io.Writer) (*source.World, error) {
	l, err := newLoader(p, len(names) > 1)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err == nil {
			err = l.load(name, src)
		}
		errs = append(errs, err)
	}
	warn(errw, l.world.Warnings)
	return l.world, errors.Join(errs...)
}

// load adds one file to the world.
func (l *loader) load(name string, src []byte) error {
	switch detect(src) {
	case worldFile:
		return files.Load(l.world, name, src, l.world.Defaults)
	case policyFile:
		return fmt.Errorf("%s:1:1: a policy document by itself does not say what it is attached to: expected %s", name, loadable)
	case templateFile:
		return cloudformation.Load(l.world, name, src, l.options)
	default:
		err := cloudformation.Load(l.world, name, src, l.options)
		if diags, ok := errors.AsType[policy.Diagnostics](err); ok && diags[0].Code == "not-a-template" {
			return fmt.Errorf("%s:1:1: expected %s", name, l.expected)
		}
		return err
	}
}

// loadable says what --load takes.
const loadable = "a CloudFormation template (with Resources) or a strictkms world file (with accounts, organization or endpoints)"
