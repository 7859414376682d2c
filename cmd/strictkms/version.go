package main

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	opa "github.com/open-policy-agent/opa/v1/version"
	"github.com/spf13/cobra"
)

// versions are what the program is made of.
type versions struct {
	StrictKMS string `json:"strictkms"`
	Revision  string `json:"revision,omitempty"`
	OPA       string `json:"opa"`
	Go        string `json:"go"`
}

func newVersion(s streams) *cobra.Command {
	var format enum
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of strictkms, OPA and Go",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("version takes no arguments")
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return runVersion(format.value, s.out) },
	}
	addFormat(cmd, &format)
	return cmd
}

func runVersion(format string, out io.Writer) error {
	v := readVersions()
	if format == formatJSON {
		return writeJSON(out, v)
	}
	text := "strictkms " + v.StrictKMS
	if v.Revision != "" {
		text += " (" + v.Revision + ")"
	}
	_, err := fmt.Fprintf(out, "%s\nopa %s\ngo %s\n", text, v.OPA, v.Go)
	return err
}

// readVersions asks the build: the module's version, and the commit when it was built from a checkout.
func readVersions() versions {
	v := versions{StrictKMS: "unknown", OPA: opa.Version, Go: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.StrictKMS, v.Go = info.Main.Version, info.GoVersion
	modified := ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				modified = "-modified"
			}
		}
	}
	if v.Revision != "" {
		v.Revision += modified
	}
	return v
}
