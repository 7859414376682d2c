package fetch

import (
	"context"
	"path"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"golang.org/x/sync/errgroup"
)

// keyFiles are the files of a key.
var keyFiles = []string{"key.json", "policy.json", "tags.json", "grants.json"}

// region reads the keys and aliases of a Region. Each key is read in the group.
func (r *run) region(ctx context.Context, region string, group *errgroup.Group) error {
	cfg := r.cfg.Copy()
	cfg.Region = region
	k := &keys{run: r, client: kms.NewFromConfig(cfg), folder: r.account + "/" + region + "/kms"}
	ids, ok, err := k.list(ctx)
	if err != nil {
		return err
	}
	if ok {
		if err := k.removeOthers(ids); err != nil {
			return err
		}
	}
	if err := k.aliases(ctx); err != nil {
		return err
	}
	r.found.Add(int64(len(ids)))
	r.progress()
	for _, id := range ids {
		group.Go(func() error {
			err := k.key(ctx, id)
			r.done.Add(1)
			r.progress()
			return err
		})
	}
	return nil
}

func (r *run) progress() {
	if r.Progress != nil {
		r.Progress(r.account, int(r.done.Load()), int(r.found.Load()))
	}
}

// keys reads the keys of a Region.
type keys struct {
	*run
	client *kms.Client
	folder string
}

// list reads which keys there are; ok is false when that is not known.
func (k *keys) list(ctx context.Context) (ids []string, ok bool, err error) {
	ok, err = k.keep(k.folder+"/keys.json", "kms:ListKeys", false, func() (any, error) {
		entries := []types.KeyListEntry{}
		pages := kms.NewListKeysPaginator(k.client, &kms.ListKeysInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			entries = append(entries, page.Keys...)
		}
		for _, e := range entries {
			ids = append(ids, aws.ToString(e.KeyId))
		}
		return map[string]any{"Keys": entries}, nil
	})
	return ids, ok, err
}

// removeOthers removes what is known of keys that are not there any more.
func (k *keys) removeOthers(ids []string) error {
	folders, err := k.store.Folders(k.folder)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if slices.Contains(ids, folder) {
			continue
		}
		for _, name := range keyFiles {
			if err := k.store.Remove(path.Join(k.folder, folder, name)); err != nil {
				return err
			}
			k.manifest.succeeded(path.Join(k.folder, folder, name))
		}
		if err := k.store.Remove(path.Join(k.folder, folder)); err != nil {
			return err
		}
		k.removed(path.Join(k.folder, folder))
	}
	return nil
}

// aliases reads the aliases of the Region.
func (k *keys) aliases(ctx context.Context) error {
	_, err := k.keep(k.folder+"/aliases.json", "kms:ListAliases", false, func() (any, error) {
		entries := []types.AliasListEntry{}
		pages := kms.NewListAliasesPaginator(k.client, &kms.ListAliasesInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			entries = append(entries, page.Aliases...)
		}
		return map[string]any{"Aliases": entries}, nil
	})
	return err
}

// key reads what there is to know about a key.
func (k *keys) key(ctx context.Context, id string) error {
	for _, part := range []struct {
		file, operation string
		ask             func() (any, error)
	}{
		{"key.json", "kms:DescribeKey", func() (any, error) {
			out, err := k.client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
			if err != nil {
				return nil, err
			}
			return map[string]any{"KeyMetadata": out.KeyMetadata}, nil
		}},
		{"policy.json", "kms:GetKeyPolicy", func() (any, error) {
			return k.client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &id, PolicyName: aws.String("default")})
		}},
		{"tags.json", "kms:ListResourceTags", func() (any, error) { return k.tags(ctx, id) }},
		{"grants.json", "kms:ListGrants", func() (any, error) { return k.grants(ctx, id) }},
	} {
		if _, err := k.keep(path.Join(k.folder, id, part.file), part.operation, true, part.ask); err != nil {
			return err
		}
	}
	return nil
}

func (k *keys) tags(ctx context.Context, id string) (any, error) {
	tags := []types.Tag{}
	pages := kms.NewListResourceTagsPaginator(k.client, &kms.ListResourceTagsInput{KeyId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		tags = append(tags, page.Tags...)
	}
	return map[string]any{"Tags": tags}, nil
}

func (k *keys) grants(ctx context.Context, id string) (any, error) {
	grants := []types.GrantListEntry{}
	pages := kms.NewListGrantsPaginator(k.client, &kms.ListGrantsInput{KeyId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		grants = append(grants, page.Grants...)
	}
	return map[string]any{"Grants": grants}, nil
}
