package cloudformation

import (
	"context"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// replicaProperties are those of AWS::KMS::ReplicaKey
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-replicakey.html).
type replicaProperties struct {
	Description         string
	Enabled             *flag
	KeyPolicy           document
	PendingWindowInDays number
	PrimaryKeyArn       string
	Tags                []tagRecord
}

// key is what a replica has in common with other keys.
func (p *replicaProperties) key() *keyProperties {
	return &keyProperties{
		Description: p.Description, Enabled: p.Enabled, KeyPolicy: p.KeyPolicy, PendingWindowInDays: p.PendingWindowInDays, Tags: p.Tags,
	}
}

var replicaKind = kindOf[replicaProperties]{
	required: []string{"KeyPolicy", "PrimaryKeyArn"}, replaces: []string{"PrimaryKeyArn"},
	create: createReplica,
	update: func(w *work, r *resourceRecord, before, after *replicaProperties) error {
		return updateKey(w, r, before.key(), after.key())
	},
	remove: func(w *work, r *resourceRecord, p *replicaProperties) error { return removeKey(w, r, p.key()) },
}.kind()

// createReplica replicates a key of another Region into that of the stack, and waits until the replica can be used.
func createReplica(w *work, r *resourceRecord, p *replicaProperties) error {
	primary, ok := policy.ParseARN(p.PrimaryKeyArn)
	if !ok || primary.Region == "" {
		return badProperty("Properties validation failed: [#/PrimaryKeyArn: expected the ARN of a multi-Region primary key]")
	}
	out, err := w.kmsIn(primary.Region, "ReplicateKey", fields{
		"KeyId": p.PrimaryKeyArn, "ReplicaRegion": w.Region, "Policy": p.KeyPolicy, "Description": p.Description, "Tags": keyTags(p.Tags),
	})
	if err != nil {
		return err
	}
	if r.PhysicalID, err = member(out, "ReplicaKeyMetadata", "KeyId"); err != nil {
		return err
	}
	arn, err := member(out, "ReplicaKeyMetadata", "Arn")
	r.Attributes = map[string]string{"Arn": arn, "KeyId": r.PhysicalID}
	if err != nil {
		return err
	}
	if err := w.settle(r); err != nil {
		return err
	}
	return steps(w.kms, keyState(r.PhysicalID, &keyProperties{}, p.key())...)
}

// kmsIn is [work.kms] in another Region than that of the stack.
func (w *work) kmsIn(region, name string, input fields) (any, error) {
	there, asked := *w, *w.call
	there.call = &asked
	of := *asked.Call
	of.Region, asked.Call = region, &of
	return there.kms(name, input)
}

// How long a replica may take to be created, by the clock on the wall, and how often it is looked at.
const (
	settleTimeout  = 10 * time.Second
	settleInterval = 100 * time.Millisecond
)

// settle waits until a replica is no longer being created.
func (w *work) settle(r *resourceRecord) error {
	ctx, cancel := context.WithTimeout(w.ctx, settleTimeout)
	defer cancel()
	for {
		out, err := w.kms("DescribeKey", fields{"KeyId": r.PhysicalID})
		if err != nil {
			return err
		}
		if state, err := member(out, "KeyMetadata", "KeyState"); err != nil || state != "Creating" {
			return err
		}
		select {
		case <-ctx.Done():
			return badProperty("Resource of type 'AWS::KMS::ReplicaKey' with identifier '%s' did not stabilize.", r.PhysicalID)
		case <-time.After(settleInterval):
		}
	}
}
