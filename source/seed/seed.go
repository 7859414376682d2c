package seed

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
)

// Options say what is written besides the world.
type Options struct {
	// Services are service principals that get an access key, for example s3.amazonaws.com.
	Services []string
}

// Report says what was done.
type Report struct {
	// Created and Kept are what was written, and what was there already and stayed as it was: ARNs, or words.
	Created, Kept []string
	// Profiles are the access keys of the world's root users, users and services, named as in design §5: root, and
	// each user's name. A name that several have gets the account behind it, and a number if that is not enough.
	Profiles []Profile
	// Warnings are what the server has to do without, because the world does not say it.
	Warnings policy.Diagnostics
}

var errNoPolicyARN = errors.New("it is not the ARN of a managed policy")

// Apply writes a world to the services. Everything is checked first: the error is a [policy.Diagnostics] with all
// that the server does not take, and nothing is written then. What is written is written in several transactions;
// when one fails, a later Apply of the same world goes on where this one ended. Principals that key policies name
// need not exist.
func Apply(ctx context.Context, w *source.World, identity *iam.Service, keys *kms.Service, o Options) (Report, error) {
	var r Report
	seeds, diags := keySeeds(w)
	r.Warnings = diags.Warnings()
	for _, seed := range seeds {
		if err := keys.CheckSeed(seed); err != nil {
			diags = append(diags, policy.Diagnostic{Code: codeRefused, Severity: policy.SeverityError, Message: err.Error(), Pos: positionOf(w, seed)})
		}
	}
	steps, err := identities(w, o)
	if err != nil {
		return r, err
	}
	refused, err := check(ctx, identity, steps)
	if err != nil {
		return r, err
	}
	if diags = append(diags.Errors(), refused...); diags.HasErrors() {
		diags.Sort()
		return r, diags
	}
	// Identities first: a key policy keeps the unique ids of the principals that it names.
	if err := run(ctx, identity, steps, &r); err != nil {
		return r, err
	}
	if err := plant(ctx, keys, seeds, &r); err != nil {
		return r, err
	}
	r.Profiles, err = profiles(ctx, w, identity, o)
	return r, err
}

// positionOf is where a key is declared.
func positionOf(w *source.World, seed *kms.Seed) policy.Position {
	for _, k := range w.Keys {
		if k.ARN == seed.ARN {
			return k.Pos
		}
	}
	return policy.Position{}
}

// profiles are the access keys that are there now.
func profiles(ctx context.Context, w *source.World, identity *iam.Service, o Options) ([]Profile, error) {
	p := profiler{w: w, s: identity, taken: map[string]bool{}}
	err := identity.Edit(ctx, func(e *iam.Edit) error {
		accounts := accountsOf(w)
		if at := slices.Index(accounts, w.Defaults.Account); at > 0 { // the default account has the short name
			accounts = slices.Insert(slices.Delete(accounts, at, at+1), 0, w.Defaults.Account)
		}
		for _, id := range accounts {
			p.add(e.AccessKeys(iam.RootOwner(id)), "root", id)
		}
		users := slices.Clone(w.Users)
		slices.SortStableFunc(users, func(a, b *source.User) int { return p.rank(a.Account) - p.rank(b.Account) })
		for _, u := range users {
			if len(u.AccessKeys) > 0 {
				p.add(e.AccessKeys(iam.UserOwner(u.Account, u.Name)), u.Name, u.Account)
			}
		}
		for _, name := range o.Services {
			p.add(e.AccessKeys(iam.ServiceOwner(name)), name, "")
		}
		return p.err
	})
	return p.found, err
}

type profiler struct {
	w     *source.World
	s     *iam.Service
	taken map[string]bool
	found []Profile
	err   error
}

// rank puts the default account first.
func (p *profiler) rank(account string) int {
	if account == p.w.Defaults.Account {
		return 0
	}
	return 1
}

// add makes a profile of each access key.
func (p *profiler) add(keys []*iam.AccessKey, name, account string) {
	slices.SortStableFunc(keys, func(a, b *iam.AccessKey) int { return a.Created.Compare(b.Created) })
	for _, k := range keys {
		secret, err := p.s.Secret(k.ID)
		if err != nil {
			p.err = errors.Join(p.err, err)
			continue
		}
		p.found = append(p.found, Profile{
			Name: p.free(name, account), AccessKeyID: k.ID, SecretAccessKey: secret, Region: p.w.Defaults.Region,
		})
	}
}

// free returns a name that no profile has yet.
func (p *profiler) free(name, account string) string {
	try := name
	if p.taken[try] && account != "" {
		try = name + "-" + account
	}
	for i := 2; p.taken[try]; i++ {
		try = name + "-" + strconv.Itoa(i)
	}
	p.taken[try] = true
	return try
}
