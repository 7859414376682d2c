package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strictkms/strictkms/policy"
)

// Credentials finds the configuration of a profile; without a name, what the environment gives.
type Credentials func(ctx context.Context, profile string) (aws.Config, error)

// SharedConfig is the [Credentials] of the AWS shared configuration and credentials files, and of the environment.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func SharedConfig(ctx context.Context, profile string) (aws.Config, error) {
	if profile == "" {
		return config.LoadDefaultConfig(ctx)
	}
	return config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
}

// Callers are the principals whose credentials are at hand.
type Callers struct {
	known []*caller
}

// caller is a principal with its credentials.
type caller struct {
	// identity is the ARN that AWS STS knows the credentials by.
	identity string
	config   aws.Config
	clients  map[string]*kms.Client // by Region
}

// NewCallers finds the credentials of principals in the profiles that are named for them. Without any, those of the
// environment are used for the principal that they belong to. It asks AWS STS whose they are, and refuses those of
// another principal: their answers would be about somebody else.
func NewCallers(ctx context.Context, credentials Credentials, profiles map[string]string) (*Callers, error) {
	if len(profiles) == 0 {
		c, err := newCaller(ctx, credentials, "")
		if err != nil {
			return nil, fmt.Errorf("the environment's credentials: %w", err)
		}
		return &Callers{known: []*caller{c}}, nil
	}
	callers := &Callers{}
	var errs []error
	for _, principal := range slices.Sorted(maps.Keys(profiles)) {
		c, err := newCaller(ctx, credentials, profiles[principal])
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("profile %s: %w", profiles[principal], err))
		case !c.is(principal):
			errs = append(errs, fmt.Errorf("profile %s: its credentials are those of %s, not of %s",
				profiles[principal], c.identity, principal))
		default:
			callers.known = append(callers.known, c)
		}
	}
	return callers, errors.Join(errs...)
}

// defaultRegion is where AWS STS is asked when the configuration names no Region.
const defaultRegion = "us-east-1"

// newCaller loads credentials and asks whose they are, which takes no permission
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html).
func newCaller(ctx context.Context, credentials Credentials, profile string) (*caller, error) {
	cfg, err := credentials(ctx, profile)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return &caller{identity: aws.ToString(out.Arn), config: cfg, clients: map[string]*kms.Client{}}, nil
}

// find returns the caller that a principal is, nil when its credentials are not at hand.
func (c *Callers) find(principal string) *caller {
	for _, known := range c.known {
		if known.is(principal) {
			return known
		}
	}
	return nil
}

// identities are the ARNs of those whose credentials are at hand.
func (c *Callers) identities() string {
	var names []string
	for _, known := range c.known {
		names = append(names, known.identity)
	}
	return strings.Join(names, ", ")
}

// is reports whether the caller is a principal: by its ARN, or as a session of a role. The ARN of a session has no path.
func (c *caller) is(principal string) bool {
	if c.identity == principal {
		return true
	}
	role, ok := policy.ParseARN(principal)
	session, isSession := policy.ParseARN(c.identity)
	if !ok || !isSession || role.Account != session.Account || role.Partition != session.Partition {
		return false
	}
	path, isRole := strings.CutPrefix(role.Resource, "role/")
	of, isSession := strings.CutPrefix(session.Resource, "assumed-role/")
	name, _, _ := strings.Cut(of, "/")
	return isRole && isSession && name == path[strings.LastIndexByte(path, '/')+1:]
}

// client is a client for AWS KMS in a Region.
func (c *caller) client(region string) *kms.Client {
	client := c.clients[region]
	if client == nil {
		client = kms.NewFromConfig(c.config, func(o *kms.Options) { o.Region = region })
		c.clients[region] = client
	}
	return client
}
