package seed_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/internal/corpus"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/cloudformation"
	"github.com/strictkms/strictkms/source/files"
	"github.com/strictkms/strictkms/source/seed"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/mem"
)

// newIdentities is an empty identity service on a store.
func newIdentities(tb testing.TB, st store.Store) *iam.Service {
	tb.Helper()
	root, err := material.NewRoot(bytes.Repeat([]byte{7}, material.RootSizeInBytes))
	require.NoError(tb, err)
	s, err := iam.New(tb.Context(), iam.Config{Store: st, Sealer: root})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// seeded writes the identities of a world to a new store.
func seeded(tb testing.TB, w *source.World) *iam.Service {
	tb.Helper()
	st := mem.New()
	tb.Cleanup(func() { _ = st.Close() })
	s := newIdentities(tb, st)
	_, err := seed.ApplyIdentities(tb.Context(), w, s, seed.Options{})
	require.NoError(tb, err)
	return s
}

// asEvaluator is what the evaluator needs of a principal.
func asEvaluator(p *iam.Principal) *evaluator.Principal {
	return &evaluator.Principal{
		Type: types[p.Type], ARN: p.ARN, Account: p.Account, Issuer: p.Issuer, UniqueID: p.UniqueID, Name: p.Name,
		Provider: p.Provider, ServiceLinked: p.ServiceLinked, Tags: p.Tags, Identity: p.Identity, Boundary: p.Boundary,
		HasSession: p.HasSession, Session: p.Session, Unknown: p.Unknown,
	}
}

var types = map[iam.PrincipalType]evaluator.PrincipalType{
	iam.User: evaluator.User, iam.RoleSession: evaluator.RoleSession, iam.FederatedUser: evaluator.FederatedUser,
	iam.Root: evaluator.Root, iam.ServicePrincipal: evaluator.Service,
}

// meaning is everything of a principal that decides, in a form that compares. The server makes unique ids where a
// source has none, and its root users have their account's.
func meaning(tb testing.TB, p *evaluator.Principal, world *evaluator.Principal) string {
	tb.Helper()
	id := p.UniqueID
	if world.UniqueID == "" {
		id = ""
	}
	var out strings.Builder
	fmt.Fprintln(&out, p.Type, p.ARN, p.Account, p.Issuer, id, p.Name, p.ServiceLinked, p.Tags, p.HasSession, p.Unknown)
	for _, d := range append([]*policy.Document{p.Boundary}, p.Identity...) {
		if d == nil {
			fmt.Fprintln(&out, "none")
			continue
		}
		text, err := json.Marshal(seed.Printable(d))
		require.NoError(tb, err)
		fmt.Fprintln(&out, d.Kind, d.Name, d.ARN, d.Pos, string(text))
		for _, s := range d.Statements {
			fmt.Fprintln(&out, s.Index, s.Pos)
		}
	}
	return out.String()
}

// samePrincipals compares every principal of a world with that of the server.
func samePrincipals(t *testing.T, w *source.World) {
	t.Helper()
	s := seeded(t, w)
	arns := []string{"s3.amazonaws.com"}
	if w.Defaults.Account != "" {
		arns = append(arns, w.Defaults.IAMARN(w.Defaults.Account, "root", "", "")[:len("arn:aws:iam::111122223333:root")])
	}
	for _, u := range w.Users {
		arns = append(arns, w.Defaults.IAMARN(u.Account, "user", u.Path, u.Name))
	}
	for _, r := range w.Roles {
		arns = append(arns, w.Defaults.IAMARN(r.Account, "role", r.Path, r.Name))
	}
	for _, arn := range arns {
		want, err := w.Principal(arn)
		require.NoError(t, err)
		got, err := s.Principal(t.Context(), arn)
		require.NoError(t, err)
		require.Equal(t, meaning(t, want, want), meaning(t, asEvaluator(got), want))
	}
	for id, want := range w.Accounts {
		got := s.Organization(id)
		require.NotNil(t, got)
		require.Equal(t, organization(t, want), organization(t, asAccount(got)))
	}
	for id, want := range w.Endpoints {
		require.JSONEq(t, text(t, want), text(t, s.EndpointPolicy(id)))
	}
}

func asAccount(o *iam.Organization) *evaluator.Account {
	if o == nil {
		return nil
	}
	return &evaluator.Account{
		ID: o.Account, OrganizationID: o.ID, OrganizationPath: o.Path, Management: o.Management,
		SCPs: o.SCPDocuments(), RCPs: o.RCPDocuments(),
	}
}

func organization(t *testing.T, a *evaluator.Account) string {
	t.Helper()
	var out strings.Builder
	fmt.Fprintln(&out, a.ID, a.OrganizationID, a.OrganizationPath, a.Management, a.SCPs == nil)
	for _, levels := range [][][]*policy.Document{a.SCPs, a.RCPs} {
		for _, level := range levels {
			fmt.Fprintln(&out, "level")
			for _, d := range level {
				fmt.Fprintln(&out, d.Kind, d.Name, d.ARN, text(t, d))
			}
		}
	}
	return out.String()
}

func text(t *testing.T, d *policy.Document) string {
	t.Helper()
	out, err := json.Marshal(d)
	require.NoError(t, err)
	return string(out)
}

// serverWorld has the organizations that the server has.
type serverWorld struct {
	s        *iam.Service
	accounts map[string]*evaluator.Account
}

func (w serverWorld) Account(id string) *evaluator.Account {
	if _, known := w.accounts[id]; !known {
		w.accounts[id] = asAccount(w.s.Organization(id))
	}
	return w.accounts[id]
}

// TestCorpusPrincipals decides the corpus with the principals and organizations that the server makes of its worlds.
func TestCorpusPrincipals(t *testing.T) {
	cases, err := corpus.Load("../../testdata/decisions")
	require.NoError(t, err)
	services := map[*source.World]*iam.Service{}
	compared, ev := 0, evaluator.New(cases[0].World)
	for _, c := range cases {
		if services[c.World] == nil {
			services[c.World] = seeded(t, c.World)
			samePrincipals(t, c.World)
		}
		s := services[c.World]
		request, own := c.Request, c.Request.Principal
		base := own.ARN
		if own.Issuer != "" {
			base = own.Issuer
		}
		if found, err := s.Principal(t.Context(), base); err == nil {
			p := asEvaluator(found)
			p.Type, p.ARN, p.Issuer, p.Name, p.UniqueID = own.Type, own.ARN, own.Issuer, own.Name, own.UniqueID
			p.HasSession, p.Session, p.Provider, p.Tags = own.HasSession, own.Session, own.Provider, own.Tags
			request.Principal = p
			compared++
		} else {
			require.ErrorIs(t, err, iam.ErrUnknownPrincipal)
		}
		world := serverWorld{s, map[string]*evaluator.Account{}}
		d, err := ev.In(world).Assuming(c.Readings).Explain(t.Context(), request)
		require.NoError(t, err)
		require.Empty(t, c.Problems(d), "%s:%d %s", c.File, c.Line, c.Note)
	}
	require.Greater(t, compared, len(cases)/2)
}

func TestExamplePrincipals(t *testing.T) {
	for _, name := range []string{"encryption-as-a-service", "ledger"} {
		t.Run(name, func(t *testing.T) { samePrincipals(t, template(t, name)) })
	}
}

// template loads an example.
func template(t *testing.T, name string) *source.World {
	t.Helper()
	file := "../../examples/" + name + "/template.yaml"
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	w := &source.World{}
	require.NoError(t, cloudformation.Load(w, file, src, cloudformation.Options{}))
	return w
}

// world loads a world file.
func world(t *testing.T, src string) *source.World {
	t.Helper()
	w := &source.World{}
	require.NoError(t, files.Load(w, "world.yaml", []byte(src), source.Defaults{Account: home, Region: "us-east-1"}))
	return w
}

const home = "111122223333"
