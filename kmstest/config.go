package kmstest

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strictkms/strictkms/iam"
)

// Config returns the configuration with which clients of the AWS SDK call the server as a principal: endpoint, Region
// and credentials. The principal is a full ARN, or root, user/NAME, role/NAME, role/NAME/SESSION, service/NAME, or the
// logical id of a user or role in a template, as on the command line. A role's credentials are those of a session,
// which is begun anew before it expires. Config fails the test when there is no such principal.
//
// A service may make calls with the permissions of another principal, whose ARN the header X-Strictkms-On-Behalf-Of
// gives; the calls then have kms:ViaService.
func (s *Server) Config(principal string) aws.Config {
	s.t.Helper()
	p := &provider{iam: s.instance.IAM(), clock: s.Clock, arn: s.arn(principal)}
	if _, err := p.Retrieve(s.t.Context()); err != nil {
		s.t.Fatalf("kmstest: %s: %v", principal, err)
	}
	return aws.Config{Region: s.instance.Region(), BaseEndpoint: aws.String(s.URL()), Credentials: p}
}

// provider gives credentials of a principal.
type provider struct {
	iam   *iam.Service
	clock *Clock
	arn   string

	lock    sync.Mutex
	current aws.Credentials
}

var _ aws.CredentialsProvider = (*provider)(nil)

// renewal is how long before its end a session is begun anew.
const renewal = 5 * time.Minute

// Retrieve implements [aws.CredentialsProvider].
func (p *provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.current.HasKeys() && (!p.current.CanExpire || p.clock.Now().Before(p.current.Expires.Add(-renewal))) {
		return p.current, nil
	}
	c, err := p.iam.CredentialsFor(ctx, p.arn)
	if err != nil {
		return aws.Credentials{}, err
	}
	p.current = aws.Credentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Source: "kmstest",
		CanExpire: !c.Expires.IsZero(), Expires: c.Expires, AccountID: c.Principal.Account,
	}
	return p.current, nil
}
