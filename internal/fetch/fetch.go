package fetch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"
)

// Options say what is read of an account.
type Options struct {
	// Regions are those whose keys are read; empty means the Region of the configuration.
	Regions []string
	// Organization is true when the policies of the organization are read as well, which only the management account
	// and delegated administrators may.
	Organization bool
	// Refresh asks again for what is there already.
	Refresh bool
	// Concurrency is how many calls are made at a time; 0 means 8.
	Concurrency int
	// Program is the version of the program, for the manifest.
	Program string
	// Now is the clock; Progress is told how many of the keys that were found so far are read. Progress may be nil.
	Now      func() time.Time
	Progress func(account string, done, found int)
}

// Summary says what came of a run.
type Summary struct {
	Account, Caller string
	Regions         []string
	// Keys are the keys of the account in the Regions; Written the files that were written, and Kept those that were
	// there already, since Begun at the earliest.
	Keys, Written, Kept int
	Begun               string
	// Removed are the folders of keys that there were and are no longer.
	Removed []string
	// Failures are the calls about this account that were refused.
	Failures []Failure
}

const defaultConcurrency = 8

// Read reads an account with the credentials of a configuration. Calls that are refused are in the summary and in the
// manifest. The error is one after which it makes no sense to go on; what was read until then is kept.
func Read(ctx context.Context, cfg aws.Config, store Store, o Options) (*Summary, error) {
	switch {
	case len(o.Regions) == 0 && cfg.Region == "":
		return nil, errors.New("no Region: expected --regions, AWS_REGION or a profile with a region")
	case len(o.Regions) == 0:
		o.Regions = []string{cfg.Region}
	case cfg.Region == "":
		cfg.Region = o.Regions[0] // where what has no Region is asked
	}
	identity, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("whose credentials these are: %w", err)
	}
	if o.Concurrency == 0 {
		o.Concurrency = defaultConcurrency
	}
	manifest, err := readManifest(store)
	if err != nil {
		return nil, err
	}
	manifest.Program = o.Program
	r := &run{
		cfg: cfg, store: store, Options: o, manifest: manifest, account: aws.ToString(identity.Account),
		calls:   make(chan struct{}, o.Concurrency),
		summary: &Summary{Account: aws.ToString(identity.Account), Caller: aws.ToString(identity.Arn), Regions: o.Regions},
	}
	entry := manifest.begin(r.account, r.summary.Caller, o.Regions, o.Now(), o.Refresh)
	r.summary.Begun = entry.Begun
	err = r.everything(ctx)
	if err == nil {
		entry.Finished = stamp(o.Now())
	}
	err = errors.Join(err, manifest.write(store))
	r.finish()
	return r.summary, err
}

// run is the reading of one account.
type run struct {
	Options

	cfg      aws.Config
	store    Store
	manifest *Manifest
	account  string
	summary  *Summary

	// calls has an element for each call that is being made, as many as may be made at a time.
	calls                      chan struct{}
	written, kept, done, found atomic.Int64

	mu sync.Mutex // guards summary.Removed
}

// removed notes a folder that was removed.
func (r *run) removed(folder string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Removed = append(r.summary.Removed, folder)
}

// everything reads the account; what is independent of each other at the same time.
func (r *run) everything(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.identities(ctx) })
	group.Go(func() error { return r.organization(ctx) })
	for _, region := range r.Regions {
		group.Go(func() error { return r.region(ctx, region, group) })
	}
	return group.Wait()
}

// finish completes the summary.
func (r *run) finish() {
	r.summary.Written, r.summary.Kept, r.summary.Keys = int(r.written.Load()), int(r.kept.Load()), int(r.found.Load())
	for _, f := range r.manifest.Failures {
		if r.mine(f.File) {
			r.summary.Failures = append(r.summary.Failures, f)
		}
	}
}

// mine reports whether a file is one that this run is about.
func (r *run) mine(file string) bool {
	for dir := file; dir != "."; dir = path.Dir(dir) {
		if dir == r.account || r.Organization && dir == organizationsFolder {
			return true
		}
	}
	return false
}

// keep asks and writes the answer. With once, an answer that is there already is kept. That a call is refused is noted; ok
// is false then, and when the answer is that there is nothing.
func (r *run) keep(file, operation string, once bool, ask func() (any, error)) (ok bool, err error) {
	if once && !r.Refresh {
		_, err := r.store.Read(file)
		if err == nil {
			r.manifest.succeeded(file)
			r.kept.Add(1)
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	r.calls <- struct{}{}
	answer, err := ask()
	<-r.calls
	if err != nil {
		return false, r.refused(file, operation, err)
	}
	if answer == nil {
		r.manifest.succeeded(file)
		return false, r.store.Remove(file)
	}
	text, err := encode(answer)
	if err != nil {
		return false, fmt.Errorf("%s: %w", file, err)
	}
	if err := r.store.Write(file, text); err != nil {
		return false, err
	}
	r.manifest.succeeded(file)
	r.written.Add(1)
	return true, nil
}

// refused notes a call that was refused, and removes what an earlier one was answered. The error is one that the next
// call would have as well.
func (r *run) refused(file, operation string, err error) error {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || endsEverything[api.ErrorCode()] {
		return fmt.Errorf("%s: %w", operation, err)
	}
	r.manifest.failed(Failure{
		File: file, Operation: operation, Code: api.ErrorCode(), Message: api.ErrorMessage(), Time: stamp(r.Now()),
	})
	return r.store.Remove(file)
}

// endsEverything are the errors of credentials that are not or no longer valid, and of a clock that is wrong
// (https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html,
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
var endsEverything = map[string]bool{
	"ExpiredToken": true, "ExpiredTokenException": true, "InvalidClientTokenId": true, "UnrecognizedClientException": true,
	"InvalidSignatureException": true, "SignatureDoesNotMatch": true, "IncompleteSignature": true,
	"MissingAuthenticationToken": true, "RequestExpired": true,
}
