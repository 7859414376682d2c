package iam

import (
	"context"
	"fmt"
	"log/slog"
)

// Credential returns the credential of an access key id, with the session token that came with it, empty for none.
// The principal is as it is now: policies that changed since have their effect. The error wraps one of the Err…
// above.
func (s *Service) Credential(ctx context.Context, accessKeyID, sessionToken string) (Credential, error) {
	snap, err := s.current()
	if err != nil {
		return Credential{}, err
	}
	if sessionToken != "" {
		return s.sessionCredential(snap, accessKeyID, sessionToken)
	}
	k, ok := snap.keys.Get(accessKeyID)
	switch {
	case !ok:
		return Credential{}, ErrUnknownAccessKey
	case k.Inactive:
		return Credential{}, ErrInactiveAccessKey
	}
	return s.keyCredential(ctx, snap, k)
}

// keyCredential returns the credential of a long-term access key.
func (s *Service) keyCredential(ctx context.Context, snap *snapshot, k *AccessKey) (Credential, error) {
	p := s.ownerPrincipal(snap, k)
	if p == nil {
		return Credential{}, fmt.Errorf("%w: its owner does not exist", ErrUnknownAccessKey)
	}
	opened, err := k.secret(s.config.Sealer)
	if err != nil {
		s.config.Logger.ErrorContext(ctx, "the record of an access key is damaged", slog.String("accessKeyId", k.ID), slog.Any("error", err))
		return Credential{}, err
	}
	return Credential{AccessKeyID: k.ID, SecretAccessKey: opened.reveal(), Principal: p}, nil
}

// ownerPrincipal returns the principal of the owner of an access key, nil when it does not exist.
func (s *Service) ownerPrincipal(snap *snapshot, k *AccessKey) *Principal {
	if k.Account == AWS {
		return s.servicePrincipal(k.Owner[len(ownerService):])
	}
	return s.resolver.principal(snap, k.principalKey)
}

// Secret returns the secret of a long-term access key, for whoever started the server: for the credentials file.
func (s *Service) Secret(accessKeyID string) (string, error) {
	k, ok := s.memory.current.Load().keys.Get(accessKeyID)
	if !ok {
		return "", ErrUnknownAccessKey
	}
	opened, err := k.secret(s.config.Sealer)
	return opened.reveal(), err
}

// AccessKey returns a long-term access key by its id, nil when there is none.
func (s *Service) AccessKey(id string) *AccessKey {
	k, ok := s.memory.current.Load().keys.Get(id)
	if !ok {
		return nil
	}
	return k.clone()
}

// EnsureAccessKey returns the oldest active access key of an owner, and makes one if there is none.
func (s *Service) EnsureAccessKey(ctx context.Context, o Owner) (*AccessKey, error) {
	var found *AccessKey
	err := s.Edit(ctx, func(e *Edit) (err error) {
		found = nil
		for _, k := range e.AccessKeys(o) {
			if !k.Inactive && (found == nil || k.Created.Before(found.Created)) {
				found = k
			}
		}
		if found == nil {
			found, err = e.CreateAccessKey(o, "")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found.clone(), nil
}

// CredentialsFor returns credentials of a principal that is held here: the oldest active access key of a user, of a
// root user or of a service, made if there is none, and a new session of a role. A role stands for its session
// [DefaultSessionName]. The error wraps [ErrUnknownPrincipal] when there is nobody of that ARN.
func (s *Service) CredentialsFor(ctx context.Context, arn string) (Credentials, error) {
	p, err := s.Principal(ctx, arn)
	if err != nil {
		return Credentials{}, err
	}
	var owner Owner
	switch p.Type {
	case RoleSession:
		return s.AssumeRole(ctx, p.Issuer, p.Name, SessionOptions{})
	case User:
		owner = UserOwner(p.Account, p.Name)
	case Root:
		owner = RootOwner(p.Account)
	case ServicePrincipal:
		owner = ServiceOwner(p.Name)
	default:
		return Credentials{}, fmt.Errorf("%w: %s", ErrUnknownPrincipal, arn)
	}
	k, err := s.EnsureAccessKey(ctx, owner)
	if err != nil {
		return Credentials{}, err
	}
	c, err := s.Credential(ctx, k.ID, "")
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, Principal: c.Principal}, nil
}
