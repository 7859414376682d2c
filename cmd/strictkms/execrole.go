package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/seed"
)

// roleName reads a role of a running server: role/NAME, role/NAME/SESSION, the ARN of a role or of one of its sessions.
// The role is its ARN, or its name when only that is said.
func roleName(as string) (role, session string, ok bool) {
	if rest, ok := strings.CutPrefix(as, "role/"); ok {
		role, session, _ = strings.Cut(rest, "/")
	} else {
		p, known := policy.ParsePrincipal(as)
		switch {
		case known && p.Form == policy.PrincipalRole:
			role = as
		case known && p.Form == policy.PrincipalRoleSession:
			arn, _ := policy.ParseARN(as)
			parts := strings.SplitN(arn.Resource, "/", 3)
			arn.Service, arn.Resource = "iam", "role/"+parts[1]
			role, session = arn.String(), parts[2]
		default:
			return "", "", false
		}
	}
	if session == "" {
		session = iam.DefaultSessionName
	}
	return role, session, role != ""
}

// assume begins a session of a role at the running server, with the credentials of a profile of its file.
func (p *execParams) assume(ctx context.Context, role, session string) (seed.Profile, error) {
	profile, err := p.source()
	if err != nil {
		return seed.Profile{}, err
	}
	region := profile.Region
	if region == "" {
		region = p.serve.stack.region
	}
	client := sts.New(sts.Options{
		Region: region, BaseEndpoint: aws.String(strings.TrimSuffix(p.endpoint, "/")),
		Credentials: credentials.NewStaticCredentialsProvider(profile.AccessKeyID, profile.SecretAccessKey, profile.SessionToken),
	})
	if !strings.HasPrefix(role, "arn:") {
		me, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return seed.Profile{}, refusal(profile.Name, err)
		}
		arn, _ := policy.ParseARN(aws.ToString(me.Arn))
		role = "arn:" + arn.Partition + ":iam::" + aws.ToString(me.Account) + ":role/" + role
	}
	out, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &session})
	if err != nil {
		return seed.Profile{}, refusal(profile.Name, err)
	}
	return seed.Profile{
		AccessKeyID: aws.ToString(out.Credentials.AccessKeyId), SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken: aws.ToString(out.Credentials.SessionToken), Region: profile.Region,
	}, nil
}

// refusal is the sentence of an exception, without what the SDK says around it.
func refusal(profile string, err error) error {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Errorf("as profile %s: %s: %s", profile, e.ErrorCode(), e.ErrorMessage())
	}
	return fmt.Errorf("as profile %s: %w", profile, err)
}

// source is the profile that assumes the role: the one that was named, or the only one that is not the root user's, who
// may not assume roles.
func (p *execParams) source() (seed.Profile, error) {
	if p.sourceProfile != "" {
		return readProfile(p.credentials, p.sourceProfile)
	}
	profiles, err := readProfiles(p.credentials)
	if err != nil {
		return seed.Profile{}, err
	}
	var names []string
	for _, profile := range profiles {
		if profile.Name != rootProfile {
			names = append(names, profile.Name)
		}
	}
	switch len(names) {
	case 1:
		return readProfile(p.credentials, names[0])
	case 0:
		return seed.Profile{}, fmt.Errorf("%s has no profile of a user, and the root user may not assume roles", p.credentials)
	default:
		slices.Sort(names)
		return seed.Profile{}, fmt.Errorf("say with --source-profile who assumes the role, one of %s", strings.Join(names, ", "))
	}
}

// rootProfile is the profile of the root user in the file that serve writes.
const rootProfile = "root"
