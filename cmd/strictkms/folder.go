package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// input is one file to load.
type input struct {
	name string
	src  []byte
	kind fileKind
	// inFolder is true for a file that was found in a folder.
	inFolder bool
	// before asks a Terraform plan for the world before it is applied.
	before bool
}

// readable are the endings of the names of files in a folder that may be something to load.
var readable = []string{".json", ".yaml", ".yml", ".template"}

// inputs reads a file, or the files of a folder that can be loaded, in the order of their names.
func (l *loader) inputs(name string) ([]input, error) {
	name, before := splitBefore(name)
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if before {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if kind := detect(src); kind != planFile {
			return nil, fmt.Errorf("%s:1:1: %s asks for the world before a plan is applied: expected a Terraform plan", name, beforeSuffix)
		}
		return []input{{name: name, src: src, kind: planFile, before: true}}, nil
	}
	if !info.IsDir() {
		src, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		return []input{{name: name, src: src, kind: detect(src)}}, nil
	}
	return l.folder(name)
}

// beforeSuffix asks a Terraform plan for the world before it is applied: plan.json#before.
const beforeSuffix = "#before"

// splitBefore takes the suffix from the name of a file. A file that is really called so is meant as it is.
func splitBefore(name string) (file string, before bool) {
	file, before = strings.CutSuffix(name, beforeSuffix)
	if !before {
		return name, false
	}
	if _, err := os.Stat(name); err == nil {
		return name, false
	}
	return file, true
}

// folder reads the files of a folder and of all folders in it. What is not known is named in a warning.
func (l *loader) folder(name string) ([]input, error) {
	var (
		inputs []input
		others []string
	)
	err := filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(entry.Name(), ".") && path != name:
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.IsDir():
			in, ok := assemblyIn(path)
			if !ok {
				return nil
			}
			inputs = append(inputs, in)
			return filepath.SkipDir // its manifest says what of it is what
		case !slices.Contains(readable, strings.ToLower(filepath.Ext(path))):
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		in := input{name: path, src: src, kind: detect(src), inFolder: true}
		if in.kind == policyFile && l.policies && !snapshotPolicy(path) {
			in.inFolder = false
			inputs = append(inputs, in)
			return nil
		}
		if in.kind == unknownFile || in.kind == policyFile && !snapshotPolicy(path) {
			others = append(others, path)
			return nil
		}
		if in.kind == policyFile {
			in.kind = snapshotFile
		}
		inputs = append(inputs, in)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(inputs) == 0 {
		return nil, fmt.Errorf("%s: the folder has nothing to load: expected %s", name, loadable)
	}
	if len(others) > 0 {
		l.world.Warnings = append(l.world.Warnings, policy.Diagnostic{
			Code: "unknown-file", Severity: policy.SeverityWarning, Pos: policy.Position{File: name},
			Message: fmt.Sprintf("%d files in the folder are not read, because they are nothing to load: %s", len(others), listOf(others)),
		})
	}
	return inputs, nil
}

// assemblyIn is the manifest of a folder that the AWS CDK wrote; ok is false for other folders.
func assemblyIn(folder string) (in input, ok bool) {
	name := filepath.Join(folder, cloudformation.AssemblyManifest)
	src, err := os.ReadFile(name)
	if err != nil || detect(src) != assemblyFile {
		return input{}, false
	}
	return input{name: name, src: src, kind: assemblyFile, inFolder: true}, true
}

// snapshotPolicy reports whether a policy document by itself stands where a snapshot has the policy of a key.
func snapshotPolicy(path string) bool {
	return filepath.Base(filepath.Dir(filepath.Dir(path))) == "kms"
}

// maxListed is how many names a message has.
const maxListed = 5

// listOf joins the first of the names.
func listOf(names []string) string {
	if len(names) > maxListed {
		return strings.Join(names[:maxListed], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
