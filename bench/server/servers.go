package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/instance"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
	"github.com/strictkms/strictkms/source"
)

// More kinds of server. kindKeys is followed by a colon and a number of keys.
const (
	kindBolt = "bolt"
	kindKeys = "keys"
)

// The world that is measured: a user whose group's policy allows, under a key policy that delegates and has a Deny.
const (
	account = "111122223333"
	region  = "us-east-1"
	keyID   = "1234abcd-12ab-34cd-56ef-1234567890ab"
	user    = "arn:aws:iam::" + account + ":user/app"
)

const keyPolicy = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "DelegateToAccount", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"},
	{"Sid": "NotOutsideTheTenant", "Effect": "Deny", "Principal": "*", "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*",
	 "Condition": {"StringNotEquals": {"kms:EncryptionContext:tenant": "a"}}}]}`

const identityPolicy = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "Use", "Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"],
	 "Resource": "arn:aws:kms:us-east-1:111122223333:key/*"},
	{"Sid": "List", "Effect": "Allow", "Action": "kms:List*", "Resource": "*"}]}`

// startKind starts a server in this process.
func startKind(ctx context.Context, kind, argument string) (hello, func() error, error) {
	if kind == kindNoop || kind == kindNoopByDefault {
		return startNoop(ctx)
	}
	config := instance.Config{Enforce: enforce.Strict}
	keys := 1
	switch kind {
	case kindStrict:
	case kindOff:
		config.Enforce = enforce.Off
	case kindBolt:
		dir, err := os.MkdirTemp("", "strictkms-bench-")
		if err != nil {
			return hello{}, nil, err
		}
		config.Store, config.Data = instance.StoreBolt, dir
	case kindKeys:
		n, err := strconv.Atoi(argument)
		if err != nil {
			return hello{}, nil, err
		}
		keys = n
	default:
		return hello{}, nil, fmt.Errorf("no server of kind %q", kind)
	}
	world, err := newWorld(keys)
	if err != nil {
		return hello{}, nil, err
	}
	config.World = world
	in, err := instance.Start(ctx, config)
	if err != nil {
		return hello{}, nil, err
	}
	credentials, err := in.IAM().CredentialsFor(ctx, user)
	if err != nil {
		return hello{}, nil, err
	}
	stop := func() error {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err := in.Close(closing)
		if config.Data != "" {
			err = errors.Join(err, os.RemoveAll(config.Data))
		}
		return err
	}
	return hello{
		Address: in.Address(), AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, KeyID: keyID,
	}, stop, nil
}

// newWorld makes a user who may use the first of some keys. Every other key has a policy of its own.
func newWorld(keys int) (*source.World, error) {
	identity, diagnostics := policy.Parse(policy.IdentityPolicy, "use", []byte(identityPolicy))
	if err := diagnostics.Errors(); len(err) > 0 {
		return nil, err
	}
	w := &source.World{
		Defaults: source.Defaults{Account: account, Region: region, Partition: "aws"},
		Groups:   []*source.Group{{Account: account, Path: "/", Name: "apps", Policies: []*policy.Document{identity}}},
		Users:    []*source.User{{Account: account, Path: "/", Name: "app", Groups: []string{"apps"}}},
	}
	for n := range keys {
		id, text := keyID, keyPolicy
		if n > 0 {
			id = fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n)
			text = fmt.Sprintf(`{"Version": "2012-10-17", "Id": "key-%d", "Statement": {"Effect": "Allow", `+
				`"Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}}`, n)
		}
		doc, diagnostics := policy.Parse(policy.KeyPolicy, "key policy of "+id, []byte(text))
		if err := diagnostics.Errors(); len(err) > 0 {
			return nil, err
		}
		w.Keys = append(w.Keys, &source.Key{Key: evaluator.Key{
			ARN: "arn:aws:kms:" + region + ":" + account + ":key/" + id, Policy: doc,
			Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: "false",
		}})
	}
	return w, nil
}

// startNoop starts a handler that reads the body and answers a little: what any Go server of this API costs at least.
func startNoop(ctx context.Context) (hello, func() error, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return hello{}, nil, err
	}
	answer := []byte(`{"KeyId":"` + keyID + `"}`)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = w.Write(answer)
	})}
	go func() { _ = server.Serve(listener) }()
	return hello{Address: listener.Addr().String()}, func() error { return server.Close() }, nil
}
