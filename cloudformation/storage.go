package cloudformation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/store"
)

// What is stored, with everything sealed: templates, parameters and outputs may hold secrets.
//
//	cloudformation/stack/ACCOUNT/REGION/NAME/UUID
//	cloudformation/event/ACCOUNT/REGION/UUID OF THE STACK/NUMBER
//	cloudformation/changeset/ACCOUNT/REGION/UUID OF THE STACK/UUID
const (
	stackPrefix     = "cloudformation/stack/"
	eventPrefix     = "cloudformation/event/"
	changeSetPrefix = "cloudformation/changeset/"
)

// place is the part of a name in the store that says where a call is.
func (c *call) place() string { return c.Account + "/" + c.Region + "/" }

func (s *Service) seal(name string, record any) (store.Change, error) {
	text, err := json.Marshal(record)
	if err != nil {
		return store.Change{}, fmt.Errorf("writing %s: %w", name, err)
	}
	sealed, err := s.config.Sealer.Seal(name, text)
	if err != nil {
		return store.Change{}, fmt.Errorf("writing %s: %w", name, err)
	}
	return store.Change{Key: name, Value: sealed}, nil
}

func (s *Service) open(entry *store.Entry, into any) error {
	text, err := s.config.Sealer.Open(entry.Key, entry.Value)
	if err != nil {
		return fmt.Errorf("reading %s: %w", entry.Key, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading %s: %w", entry.Key, err)
	}
	return nil
}

// stacks reads the stacks below a prefix, in the order of their names.
func (s *Service) stacks(ctx context.Context, prefix string) ([]*stackRecord, error) {
	entries, _, err := s.config.Store.Range(ctx, prefix, "", 0)
	if err != nil {
		return nil, fmt.Errorf("reading stacks: %w", err)
	}
	out := make([]*stackRecord, len(entries))
	for i := range entries {
		out[i] = &stackRecord{}
		if err := s.open(&entries[i], out[i]); err != nil {
			return nil, err
		}
		out[i].locate(&entries[i])
	}
	return out, nil
}

// locate fills in what follows from where the record is.
func (s *stackRecord) locate(entry *store.Entry) {
	s.storeName, s.revision = entry.Key, entry.Revision
	parts := strings.Split(strings.TrimPrefix(entry.Key, stackPrefix), "/")
	s.account, s.region, s.id = parts[0], parts[1], parts[3]
}

// find returns a stack by its name, or by its id also when it was deleted; nil when there is none.
func (c *call) find(nameOrID string) (*stackRecord, error) {
	if name, id, ok := c.splitID("stack", nameOrID); ok {
		found, err := c.service.stacks(c.ctx, stackPrefix+c.place()+name+"/"+id)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return found[0], nil
	}
	if !stackName.MatchString(nameOrID) {
		return nil, nil //nolint:nilnil // there is no such stack
	}
	found, err := c.service.stacks(c.ctx, stackPrefix+c.place()+nameOrID+"/")
	if err != nil {
		return nil, err
	}
	for _, s := range found {
		if s.Status != statusDeleteComplete {
			return s, nil
		}
	}
	return nil, nil //nolint:nilnil // there is no such stack
}

// save writes a stack with the events that are new.
func (c *call) save(s *stackRecord) error { return c.service.save(c.ctx, s) }

func (s *Service) save(ctx context.Context, stack *stackRecord) error {
	change, err := s.seal(stack.storeName, stack)
	if err != nil {
		return err
	}
	tx := store.Tx{
		Compare: []store.Comparison{{Key: stack.storeName, Revision: stack.revision}}, Changes: []store.Change{change},
	}
	for _, e := range stack.unsaved {
		change, err := s.seal(fmt.Sprintf("%s%s/%s/%s/%010d", eventPrefix, stack.account, stack.region, stack.id, e.number), e)
		if err != nil {
			return err
		}
		tx.Changes = append(tx.Changes, change)
	}
	revision, err := s.config.Store.Commit(ctx, tx)
	if err != nil {
		return fmt.Errorf("writing the stack %s: %w", stack.Name, err)
	}
	stack.revision, stack.unsaved = revision, nil
	return nil
}

// events reads the events of a stack, the newest first.
func (c *call) events(s *stackRecord) ([]*eventRecord, error) {
	entries, _, err := c.service.config.Store.Range(c.ctx, eventPrefix+c.place()+s.id+"/", "", 0)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	out := make([]*eventRecord, len(entries))
	for i := range entries {
		e := &eventRecord{}
		if err := c.service.open(&entries[i], e); err != nil {
			return nil, err
		}
		out[len(entries)-1-i] = e
	}
	return out, nil
}

// changeSets reads the change sets of a stack.
func (c *call) changeSets(s *stackRecord) ([]*changeSetRecord, error) {
	entries, _, err := c.service.config.Store.Range(c.ctx, changeSetPrefix+c.place()+s.id+"/", "", 0)
	if err != nil {
		return nil, fmt.Errorf("reading change sets: %w", err)
	}
	out := make([]*changeSetRecord, len(entries))
	for i := range entries {
		out[i] = &changeSetRecord{}
		if err := c.service.open(&entries[i], out[i]); err != nil {
			return nil, err
		}
		out[i].storeName, out[i].revision = entries[i].Key, entries[i].Revision
	}
	return out, nil
}

func (c *call) saveChangeSet(set *changeSetRecord) error {
	change, err := c.service.seal(set.storeName, set)
	if err != nil {
		return err
	}
	set.revision, err = c.service.config.Store.Commit(c.ctx, store.Tx{
		Compare: []store.Comparison{{Key: set.storeName, Revision: set.revision}}, Changes: []store.Change{change},
	})
	return err
}

func (c *call) deleteChangeSets(sets ...*changeSetRecord) error {
	for _, set := range sets {
		tx := store.Tx{Changes: []store.Change{{Key: set.storeName, Delete: true}}}
		if _, err := c.service.config.Store.Commit(c.ctx, tx); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
