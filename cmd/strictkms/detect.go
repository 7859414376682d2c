package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"

	"github.com/strictkms/strictkms/source/snapshot"
)

// fileKind says what a file holds.
type fileKind int

// The kinds of file, told apart by the names at their top level.
const (
	unknownFile fileKind = iota
	templateFile
	worldFile
	policyFile
	snapshotFile // output of the AWS CLI
	planFile     // a Terraform plan or state
	assemblyFile // the manifest of the output folder of the AWS CDK
)

// detect finds out what a file holds. It does not mind mistakes: whoever reads the file next reports
// them with their positions.
func detect(src []byte) fileKind {
	found := topLevelNames(bytes.TrimPrefix(src, []byte("\ufeff")))
	has := func(names ...string) bool {
		return slices.ContainsFunc(found, func(n string) bool { return slices.Contains(names, n) })
	}
	switch {
	case has("Resources", "AWSTemplateFormatVersion"):
		return templateFile
	case has(snapshot.ManifestName) && isJSON(src):
		return snapshotFile
	case has("accounts", "organization", "endpoints"):
		return worldFile
	case has("Statement"):
		return policyFile
	case isTerraform(src, has):
		return planFile
	case has("artifacts") && has("version") && isJSON(src):
		return assemblyFile
	case snapshot.IsSnapshot(found) && isJSON(src):
		return snapshotFile
	default:
		return unknownFile
	}
}

// isTerraform reports whether a file comes from Terraform: a plan or a state as JSON, or another form of one, which its
// reader refuses by name.
func isTerraform(src []byte, has func(names ...string) bool) bool {
	return has("format_version") && has("terraform_version", "planned_values", "resource_changes", "values") ||
		has("lineage") && has("serial") || has("@level") && isJSON(src) || bytes.HasPrefix(src, []byte("PK\x03\x04"))
}

// topLevelNames returns the names at the top level of JSON, up to the first mistake, or of YAML.
func topLevelNames(src []byte) []string {
	if isJSON(src) {
		return namesInJSON(src)
	}
	var names []string
	for _, m := range yamlName.FindAllSubmatch(src, -1) {
		names = append(names, string(m[1]))
	}
	return names
}

// isJSON reports whether the text is JSON rather than YAML, as far as its first character tells.
func isJSON(src []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(src, []byte("\ufeff"))), []byte("{"))
}

// yamlName is a name in the first column of a line, with or without quotes.
var yamlName = regexp.MustCompile(`(?m)^["']?([A-Za-z]+)["']?[ \t]*:(?:\s|$)`)

func namesInJSON(src []byte) []string {
	var names []string
	d := json.NewDecoder(bytes.NewReader(src))
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			break
		}
		if text, ok := name.(string); ok {
			names = append(names, text)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			break
		}
	}
	return names
}
