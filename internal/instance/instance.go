package instance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/iam/sts"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/kms/material"
	"github.com/strictkms/strictkms/kms/material/rootfile"
	"github.com/strictkms/strictkms/kms/quota"
	"github.com/strictkms/strictkms/kms/xks"
	"github.com/strictkms/strictkms/server"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/server/trail"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/seed"
	"github.com/strictkms/strictkms/store"
	"github.com/strictkms/strictkms/store/bolt"
	"github.com/strictkms/strictkms/store/mem"
)

// Instance is a running server.
type Instance struct {
	config   Config
	listener net.Listener
	server   *server.Server
	store    *monitored
	root     *material.Root
	messages *sts.Messages
	iam      *iam.Service
	kms      *kms.Service
	enforcer *enforce.Enforcer
	trail    *trail.Trail
	seeded   seed.Report
	clusters kms.Clusters
	roles    serviceRoles
	// closers end what was started, in the order in which it was.
	closers []func() error
	served  chan error
}

// Start starts a server. The context is for starting only. The error says what could not be started and leaves
// nothing running.
func Start(ctx context.Context, config Config) (*Instance, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	i := &Instance{config: config, served: make(chan error, 1)}
	if err := i.start(ctx); err != nil {
		return nil, errors.Join(err, i.release())
	}
	go func() { i.served <- i.server.Serve(i.listener) }()
	return i, nil
}

// start starts the parts from the bottom up. The address is taken first: a second server finds out before it touches
// the store.
func (i *Instance) start(ctx context.Context) error {
	var err error
	var listen net.ListenConfig
	if i.listener, err = listen.Listen(ctx, "tcp", i.config.Listen); err != nil {
		return fmt.Errorf("listen on %s: %w", i.config.Listen, err)
	}
	i.closers = append(i.closers, func() error {
		if err := i.listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	st, root, err := i.openStore(ctx)
	if err != nil {
		return err
	}
	i.store, i.root, i.messages = &monitored{Store: st}, root, sts.NewMessages(root)
	if err := i.startServices(ctx, i.store, root); err != nil {
		return err
	}
	if err := i.startTrail(); err != nil { //nolint:contextcheck // what it starts outlives the start
		return err
	}
	i.enforcer, err = enforce.New(enforce.Config{ //nolint:contextcheck // what it starts outlives the start
		World: enforce.World(i.iam), Mode: i.config.Enforce, Describe: describe,
		Clock: i.config.Clock, Logger: i.config.Logger,
	})
	if err != nil {
		return err
	}
	others, err := i.apis(ctx)
	if err != nil {
		return err
	}
	i.server, err = server.New(server.Config{
		APIs: others, Messages: i.messages, KMS: i.kms, Identities: i.iam, Enforcer: i.enforcer, Trail: i.trail, Health: i.health,
		Account: i.config.Defaults.Account, Region: i.config.Defaults.Region, Version: i.config.Version,
		Clock: i.config.Clock, SignatureClock: i.config.SignatureClock, Logger: i.config.Logger,
	})
	return err
}

// openStore opens the store and the key that seals what is secret in it.
func (i *Instance) openStore(ctx context.Context) (store.Store, *material.Root, error) {
	var err error
	var st store.Store = mem.New()
	if i.config.Store == StoreBolt {
		if st, err = bolt.Open(filepath.Join(i.config.Data, storeFile)); err != nil {
			return nil, nil, err
		}
	}
	i.closers = append(i.closers, st.Close)
	root, err := i.openRoot(ctx, st)
	return st, root, err
}

// storeFile is the name of a bolt store in its directory.
const storeFile = "strictkms.db"

// openRoot returns the root key of a store. A key is made for a new store only: what is in another was sealed by one
// that is somewhere else.
func (i *Instance) openRoot(ctx context.Context, st store.Store) (*material.Root, error) {
	if i.config.RootKey == "" {
		return randomRoot()
	}
	_, revision, err := st.Range(ctx, "", "", 1)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(i.config.RootKey); revision > 0 && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the store in %s was sealed with a root key, and there is none in %s", i.config.Data, i.config.RootKey)
	}
	return rootfile.LoadOrCreate(i.config.RootKey)
}

// randomRoot makes the key of a store that ends with the process.
func randomRoot() (*material.Root, error) {
	key := make([]byte, material.RootSizeInBytes)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return material.NewRoot(key)
}

// startServices starts identities and keys, and fills them.
func (i *Instance) startServices(ctx context.Context, st store.Store, root *material.Root) error {
	var err error
	i.iam, err = iam.New(ctx, iam.Config{Store: st, Sealer: root, Clock: i.config.Clock, Logger: i.config.Logger})
	if err != nil {
		return err
	}
	i.closers = append(i.closers, i.iam.Close)
	var throttle *quota.Limiter
	if i.config.Throttle > 0 {
		throttle = quota.New(i.config.Throttle, i.config.Clock)
	}
	i.roles.instance = i
	i.kms, err = kms.New(ctx, kms.Config{
		Store: st, Root: root, Clock: i.config.Clock, Principals: i.iam, Throttle: throttle, Logger: i.config.Logger,
		Clusters: &i.clusters, Proxies: i.proxies(), ServiceRoles: &i.roles,
		AttestationRoots: i.config.AttestationRoots,
	})
	if err != nil {
		return err
	}
	i.closers = append(i.closers, i.kms.Close)
	return i.fill(ctx)
}

// proxies reaches the proxies of external key stores. They hold signatures to the time as it is.
func (i *Instance) proxies() kms.Proxies {
	config := i.config.ExternalKeyStores
	config.Clock, config.Logger = i.config.SignatureClock, i.config.Logger
	if config.Clock == nil {
		config.Clock = i.config.Clock
	}
	client := xks.New(config)
	i.closers = append(i.closers, func() error {
		client.Close()
		return nil
	})
	return client
}

// putClusters adds the AWS CloudHSM clusters of a world, each in the place of the one that has its id.
func (i *Instance) putClusters(world *source.World) error {
	for _, cluster := range world.Clusters {
		if err := i.clusters.Put(cluster); err != nil {
			return fmt.Errorf("cluster %s: %w", cluster.ID, err)
		}
	}
	return nil
}

// Clusters are the AWS CloudHSM clusters that there are for custom key stores.
func (i *Instance) Clusters() *kms.Clusters { return &i.clusters }

// fill writes what was loaded to the store, as far as it is not there yet.
func (i *Instance) fill(ctx context.Context) error {
	world := i.config.World
	if world == nil {
		world = &source.World{Defaults: i.config.Defaults}
	}
	err := i.putClusters(world)
	if err != nil {
		return err
	}
	i.seeded, err = seed.Apply(ctx, world, i.iam, i.kms, seed.Options{Services: i.config.Services})
	return err
}

// Fill adds a world to the running server, as far as it is not there yet.
func (i *Instance) Fill(ctx context.Context, world *source.World) (seed.Report, error) {
	if err := i.putClusters(world); err != nil {
		return seed.Report{}, err
	}
	return seed.Apply(ctx, world, i.iam, i.kms, seed.Options{})
}

// startTrail opens the decision log.
func (i *Instance) startTrail() error {
	var w io.Writer
	if i.config.Trail != "" {
		file, err := os.OpenFile(i.config.Trail, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		i.closers = append(i.closers, file.Close)
		w = file
	}
	var err error
	if i.trail, err = trail.New(trail.Config{Writer: w, Logger: i.config.Logger}); err != nil {
		return err
	}
	i.closers = append(i.closers, i.trail.Close)
	return nil
}

// URL is where the server is, for example http://127.0.0.1:4566.
func (i *Instance) URL() string { return "http://" + i.listener.Addr().String() }

// Address is HOST:PORT of the server.
func (i *Instance) Address() string { return i.listener.Addr().String() }

// Enforcement is what happens to calls that AWS would deny.
func (i *Instance) Enforcement() enforce.Mode { return i.config.Enforce }

// Seeded says what the start wrote to the store, and what was there already; its profiles are the access keys.
func (i *Instance) Seeded() seed.Report { return i.seeded }

// Trail is the decision log: it explains recent calls.
func (i *Instance) Trail() *trail.Trail { return i.trail }

// Region is the Region of calls that do not say one.
func (i *Instance) Region() string { return i.config.Defaults.Region }

// Defaults are the account and Region of calls that do not say them.
func (i *Instance) Defaults() source.Defaults { return i.config.Defaults }

// KMS is the server's key management service.
func (i *Instance) KMS() *kms.Service { return i.kms }

// IAM holds the server's identities.
func (i *Instance) IAM() *iam.Service { return i.iam }

// Wait returns when ctx ends, or with an error when the server stops by itself.
func (i *Instance) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-i.served:
		i.served <- err
		return err
	}
}

// Close stops the server: it takes no more calls, ends those that run until ctx ends, and closes the store.
func (i *Instance) Close(ctx context.Context) error {
	err := i.server.Shutdown(ctx)
	return errors.Join(err, i.release())
}

// release closes what was started, last first.
func (i *Instance) release() error {
	var errs []error
	for len(i.closers) > 0 {
		last := len(i.closers) - 1
		errs = append(errs, i.closers[last]())
		i.closers = i.closers[:last]
	}
	return errors.Join(errs...)
}
