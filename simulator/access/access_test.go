package access_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator/access"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
	"github.com/strictkms/strictkms/source/files"
)

var update = flag.Bool("update", false, "write what the answers are into testdata")

// everybody loads testdata/everybody.yaml.
func everybody(t *testing.T) *source.World {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "everybody.yaml"))
	require.NoError(t, err)
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	require.NoError(t, files.Load(w, "everybody.yaml", src, w.Defaults))
	return w
}

// template loads an example.
func template(t *testing.T, example, region string) *source.World {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "..", "examples", example, "template.yaml"))
	require.NoError(t, err)
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: region, Partition: "aws"}}
	o := cloudformation.Options{Account: "111122223333", Region: region, StackName: example}
	require.NoError(t, cloudformation.Load(w, "template.yaml", src, o))
	return w
}

// asking asks about requests over TLS.
func asking(w *source.World) *access.Asker {
	overTLS := evaluator.Context{"aws:SecureTransport": {"true"}}
	return access.New(w, evaluator.New(w), access.Settings{Context: func(*evaluator.Key) evaluator.Context { return overTLS }})
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./simulator/access -update rewrites %s", file)
}

func action(t *testing.T, name string) *policy.Action {
	t.Helper()
	a, ok := policy.LookupAction(name)
	require.True(t, ok)
	return a
}

func TestWhoCan(t *testing.T) {
	for _, c := range []struct {
		name, action, key string
		world             *source.World
		options           access.Options
	}{
		{"who-can-everybody", "kms:Decrypt", "alias/app", everybody(t), access.Options{}},
		{"who-can-everybody-all", "kms:Encrypt", "alias/app", everybody(t), access.Options{All: true}},
		{"who-can-everybody-grant", "kms:CreateGrant", "alias/app", everybody(t), access.Options{}},
		{"who-can-ledger", "kms:Decrypt", "alias/ledger-main", template(t, "ledger", "eu-west-2"), access.Options{}},
		{"who-can-ledger-no-access", "kms:Decrypt", "alias/ledger-no-access", template(t, "ledger", "eu-west-2"), access.Options{Direct: true, All: true}},
		{"who-can-service", "kms:Decrypt", "alias/encryption-as-a-service", template(t, "encryption-as-a-service", "us-east-1"), access.Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, _, err := c.world.Key(c.key)
			require.NoError(t, err)
			answer, err := asking(c.world).WhoCan(t.Context(), action(t, c.action), key, "", c.options)
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, answer.WriteText(&text))
			golden(t, c.name+".txt", text.String())
			document, err := json.MarshalIndent(answer, "", " ")
			require.NoError(t, err)
			golden(t, c.name+".json", string(document)+"\n")
		})
	}
}

func TestWhatCan(t *testing.T) {
	for _, c := range []struct {
		name, principal string
		world           *source.World
		actions         []string
	}{
		{"what-can-app", "role/App", everybody(t), nil},
		{"what-can-stranger", "arn:aws:iam::444455556666:role/Visitor", everybody(t), nil},
		{"what-can-encryptor", "user/encryptor", template(t, "encryption-as-a-service", "us-east-1"), nil},
		{"what-can-put-record", "role/put-record", template(t, "ledger", "eu-west-2"), []string{"permissions", "kms:Dec*"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			who, err := c.world.CandidateNamed(c.principal)
			require.NoError(t, err)
			actions, err := access.Actions(c.actions...)
			require.NoError(t, err)
			answer, err := asking(c.world).WhatCan(t.Context(), &who, nil, actions, false)
			require.NoError(t, err)
			var text strings.Builder
			require.NoError(t, answer.WriteText(&text))
			golden(t, c.name+".txt", text.String())
		})
	}
}

// matrixOf is the matrix of everything in a world.
func matrixOf(t *testing.T, w *source.World, a *access.Asker, why bool) *access.Matrix {
	t.Helper()
	actions, err := access.Actions("Decrypt", "Encrypt", "CreateGrant", "PutKeyPolicy")
	require.NoError(t, err)
	return &access.Matrix{Principals: w.Candidates(), Keys: a.Keys(), Actions: actions, Why: why}
}

func TestMatrixFormats(t *testing.T) {
	w := everybody(t)
	a := asking(w)
	var text, table, document, page bytes.Buffer
	require.NoError(t, a.WriteMatrixText(t.Context(), matrixOf(t, w, a, false), &text))
	golden(t, "matrix.txt", text.String())

	require.NoError(t, a.WriteMatrixCSV(t.Context(), matrixOf(t, w, a, true), &table))
	golden(t, "matrix.csv", table.String())
	lines, err := csv.NewReader(&table).ReadAll()
	require.NoError(t, err)

	require.NoError(t, a.WriteMatrixJSON(t.Context(), matrixOf(t, w, a, true), &document))
	var read struct {
		Principals, Keys int
		Actions          []string
		Rows             []map[string]any
	}
	require.NoError(t, json.Unmarshal(document.Bytes(), &read))
	require.Equal(t, len(lines)-1, len(read.Rows))
	require.Equal(t, []string{"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant", "kms:PutKeyPolicy"}, read.Actions)

	require.NoError(t, a.WriteMatrixHTML(t.Context(), matrixOf(t, w, a, true), &page))
	require.Equal(t, len(read.Rows)+1, strings.Count(page.String(), "<tr>"))
	require.Contains(t, page.String(), `title="by the key policy: statement &#34;App&#34; of key/1234abcd-12ab-34cd-56ef-1234567890ab  everybody.yaml:`)
	require.Contains(t, page.String(), `data-label="kms:Decrypt"`)
	require.NotContains(t, page.String(), "ZgotmplZ", "html/template takes nothing here for an address or a style that it does not trust")
	for _, outside := range []string{"http:", "https:", " src=", "@import", "url("} {
		require.NotContains(t, page.String(), outside, "the page needs nothing else")
	}
}

// TestMatrixEscapes gives everything a name that would be markup, or a formula of a spreadsheet.
func TestMatrixEscapes(t *testing.T) {
	const hostile = `<script>alert(1)</script>`
	w := &source.World{Defaults: source.Defaults{Account: "111122223333", Region: "us-east-1", Partition: "aws"}}
	doc, diags := policy.Parse(policy.KeyPolicy, hostile, []byte(`{"Version": "2012-10-17", "Statement": {"Sid": "<img src=x onerror=alert(1)>",
		"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*",
		"Condition": {"StringEquals": {"kms:EncryptionContext:</td>": "\"><script>alert(2)</script>"}}}}`))
	require.False(t, diags.HasErrors(), "%v", diags)
	w.Keys = append(w.Keys, &source.Key{Key: evaluator.Key{
		ARN: "arn:aws:kms:us-east-1:111122223333:key/1", Policy: doc, Aliases: []string{"alias/" + hostile},
	}})
	w.Users = append(w.Users, &source.User{Account: "111122223333", Path: "/", Name: hostile})
	a := asking(w)
	m := matrixOf(t, w, a, true)
	m.All = true
	var page, table bytes.Buffer
	require.NoError(t, a.WriteMatrixHTML(t.Context(), m, &page))
	require.Equal(t, 1, strings.Count(page.String(), "<script"), "only the page's own")
	require.NotContains(t, page.String(), "<img")
	require.Contains(t, page.String(), "&lt;script&gt;")

	m.Principals = []source.Candidate{{Kind: source.CandidateService, Name: `=HYPERLINK("x")`, Principal: &evaluator.Principal{
		Type: evaluator.Service, ARN: "logs.amazonaws.com",
	}}}
	require.NoError(t, a.WriteMatrixCSV(t.Context(), m, &table))
	require.Contains(t, table.String(), `"'=HYPERLINK(""x"")"`)
}

func TestActions(t *testing.T) {
	all, err := access.Actions()
	require.NoError(t, err)
	for _, a := range all {
		require.True(t, a.IsKMS())
	}
	count := 0
	for _, family := range access.Families() {
		some, err := access.Actions(string(family))
		require.NoError(t, err)
		require.NotEmpty(t, some)
		count += len(some)
	}
	require.Equal(t, len(all), count, "each action has one family")
	for text, want := range map[string][]string{
		"decrypt": {"kms:Decrypt"}, "kms:Generate*": nil, "permissions": {"kms:CreateGrant", "kms:PutKeyPolicy", "kms:RetireGrant", "kms:RevokeGrant"},
	} {
		got, err := access.Actions(text)
		require.NoError(t, err)
		if want == nil {
			require.Greater(t, len(got), 4)
			continue
		}
		names := make([]string, len(got))
		for i, a := range got {
			names[i] = a.Name
		}
		require.ElementsMatch(t, want, names)
	}
	for wrong, near := range map[string]string{"kms:Descrypt": "kms:Decrypt", "iam:CreateUser": "", "": "", "s3:*": ""} {
		_, err := access.Actions(wrong)
		require.ErrorContains(t, err, "neither an action of AWS KMS nor a family", wrong)
		require.ErrorContains(t, err, near)
	}
}

// TestQuestionsEnd ends a question with its context.
func TestQuestionsEnd(t *testing.T) {
	w := everybody(t)
	key, _, err := w.Key("alias/app")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = asking(w).WhoCan(ctx, action(t, "kms:Decrypt"), key, "", access.Options{})
	require.ErrorIs(t, err, context.Canceled)
	var out bytes.Buffer
	require.ErrorIs(t, asking(w).WriteMatrixCSV(ctx, matrixOf(t, w, asking(w), false), &out), context.Canceled)
}

// TestWhoCanIsHonest names those of whom something was not loaded, also when they can do nothing as far as is known.
func TestWhoCanIsHonest(t *testing.T) {
	w := everybody(t)
	for _, u := range w.Users {
		if u.Name == "frank" {
			u.Attached = []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
		}
	}
	w.Keys[0].Unknown = []string{"its tags are not known"}
	key, _, err := w.Key("alias/app")
	require.NoError(t, err)
	answer, err := asking(w).WhoCan(t.Context(), action(t, "kms:Decrypt"), key, "", access.Options{Direct: true})
	require.NoError(t, err)
	require.Len(t, answer.Doubtful, 1)
	require.Equal(t, "arn:aws:iam::111122223333:user/frank", answer.Doubtful[0].Principal)
	var text strings.Builder
	require.NoError(t, answer.WriteText(&text))
	require.Contains(t, text.String(), "  not taken into account: its tags are not known\n")
	require.Contains(t, text.String(), "never, as far as is known\n  arn:aws:iam::111122223333:user/frank\n    not taken into account: attached policy arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess is not loaded")
}
