package snapshot

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/internal/jsontext"
)

// File is one file of a snapshot: the name as the user gave it, which positions have, with its folders.
type File struct {
	Name string
	Src  []byte
}

// Load adds what the files say to the world; together they are one snapshot. The error is a [policy.Diagnostics] with
// every mistake found, each with its position; the world is then as it was. What is not in the snapshot, and
// policies that cannot be read, are added to the world's warnings.
func Load(w *source.World, files []File) error {
	s := newSnapshot()
	for _, f := range files {
		s.add(f)
	}
	s.read()
	s.finish(w)
	s.collisions(w)
	if s.diags.HasErrors() {
		s.diags.Sort()
		return s.diags.Errors()
	}
	s.addTo(w)
	return nil
}

// Files reads the JSON files of a folder with all its folders, in the order of their names. Each is called by its
// path below the folder, after the name of the folder.
func Files(folder fs.FS, name string) ([]File, error) {
	var files []File
	err := fs.WalkDir(folder, ".", func(below string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.EqualFold(path.Ext(below), ".json") {
			return err
		}
		src, err := fs.ReadFile(folder, below)
		if err != nil {
			return err
		}
		files = append(files, File{Name: path.Join(name, below), Src: src})
		return nil
	})
	return files, err
}

// snapshot is what the files say, before it is added to a world.
type snapshot struct {
	reader

	files    []*file
	world    *source.World
	keys     map[string]*key // by ARN
	keysByID map[string][]*key
	keyOrder []*key
	// aliasLists are the Regions of which the aliases are known.
	aliasLists map[regional]bool
	// accounts are those that something was read of.
	accounts map[string]bool
	// inPartition is the partition of everything, and where that is said.
	inPartition string
	partitionAt policy.Position

	trees       map[string]*tree      // organizations by the name of their folder
	memberships map[string]membership // by account
	manifest    manifest
}

func newSnapshot() *snapshot {
	return &snapshot{
		world: &source.World{Accounts: map[string]*evaluator.Account{}, Endpoints: map[string]*policy.Document{}},
		keys:  map[string]*key{}, keysByID: map[string][]*key{}, aliasLists: map[regional]bool{}, accounts: map[string]bool{}, trees: map[string]*tree{},
		memberships: map[string]membership{},
	}
}

// add reads the text of a file and finds out what it is.
func (s *snapshot) add(in File) {
	text, root, diags := jsontext.Parse(in.Name, in.Src, "the output of an AWS CLI command")
	if text == nil {
		s.diags = append(s.diags, diags...)
		return
	}
	f := &file{text: text, root: root, place: placeOf(in.Name), kind: kindOf(root)}
	switch f.kind {
	case unknownKind:
		s.warn(codeUnknownFile, text.Position(root), "the file is no output that a snapshot has: it is not read")
	case unsupportedOutput:
		s.warn(codeUnknownFile, text.Position(root), "the file is the output of a command that lists policies without their texts: it is not read; %s has them",
			accountDetails.command())
	default:
		s.files = append(s.files, f)
	}
}

// read reads the files, those first that say which keys there are.
func (s *snapshot) read() {
	for _, step := range []struct {
		kind kind
		read func(*file)
	}{
		{manifestFile, s.readManifest},
		{accountDetails, s.details},
		{keyMetadata, s.described},
		{keyList, s.listed},
		{aliasList, s.aliases},
		{grantList, s.grants},
		{keyPolicy, s.keyPolicy},
		{barePolicy, s.keyPolicy},
		{tagList, s.keyTags},
		{organizationInfo, s.organization},
		{rootList, s.roots},
		{unitList, s.units},
		{memberList, s.members},
		{policyContent, s.content},
		{attachmentList, s.attachments},
		{endpointList, s.endpoints},
	} {
		for _, f := range s.files {
			if f.kind == step.kind {
				step.read(f)
			}
		}
	}
}

// partition notes the partition that something is in: all must be in one.
func (s *snapshot) partition(name string, pos policy.Position) {
	switch {
	case s.inPartition == "":
		s.inPartition, s.partitionAt = name, pos
	case s.inPartition != name:
		s.diags = append(s.diags, policy.Diagnostic{
			Code: codeInvalidARN, Severity: policy.SeverityError, Pos: pos, Related: []policy.Position{s.partitionAt},
			Message: "the partition is " + name + ", but other parts of the snapshot are in " + s.inPartition,
		})
	}
}

// managed adds a managed policy. Those of AWS are in the snapshot of every account.
func (s *snapshot) managed(doc *policy.Document) {
	arn, _ := policy.ParseARN(doc.ARN)
	if arn.Account == "aws" && slices.ContainsFunc(s.world.ManagedPolicies, func(d *policy.Document) bool { return d.ARN == doc.ARN }) {
		return
	}
	s.world.ManagedPolicies = append(s.world.ManagedPolicies, doc)
}

// finish puts together what the files said apart.
func (s *snapshot) finish(w *source.World) {
	if s.inPartition != "" {
		if used := cmp.Or(w.Defaults.Partition, s.inPartition); used != s.inPartition {
			s.fail(codeInvalidARN, s.partitionAt, "the snapshot is of partition %s: expected a --region of it, not one of partition %s", s.inPartition, used)
		}
	}
	s.finishKeys()
	s.finishOrganizations()
}

// addTo moves what was read into w.
func (s *snapshot) addTo(w *source.World) {
	w.Defaults.Partition = cmp.Or(w.Defaults.Partition, s.inPartition)
	if w.Accounts == nil {
		w.Accounts = map[string]*evaluator.Account{}
	}
	if w.Endpoints == nil {
		w.Endpoints = map[string]*policy.Document{}
	}
	if w.WholeAccounts == nil {
		w.WholeAccounts = map[string]bool{}
	}
	maps.Copy(w.WholeAccounts, s.world.WholeAccounts)
	maps.Copy(w.Accounts, s.world.Accounts)
	maps.Copy(w.Endpoints, s.world.Endpoints)
	w.Users = append(w.Users, s.world.Users...)
	w.Groups = append(w.Groups, s.world.Groups...)
	w.Roles = append(w.Roles, s.world.Roles...)
	w.ManagedPolicies = append(w.ManagedPolicies, s.world.ManagedPolicies...)
	w.Keys = append(w.Keys, s.world.Keys...)
	s.diags.Sort()
	w.Warnings = append(w.Warnings, s.diags...)
}
