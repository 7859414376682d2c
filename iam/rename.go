package iam

import (
	"fmt"
	"slices"
)

// RenameUser gives a user another name. It stays who it is: with its id, its groups, its policies and its access keys.
// Sessions that it began end.
func (e *Edit) RenameUser(account, name, newName string) error {
	u := e.User(account, name)
	if u == nil {
		return noSuch("user", name)
	}
	keys := e.AccessKeys(UserOwner(account, name))
	u.Name = newName
	if err := e.PutUser(u); err != nil {
		return err
	}
	e.delete(entryKey(account, kindUser, name))
	for _, k := range keys {
		opened, err := k.secret(e.s.config.Sealer)
		if err != nil {
			return err
		}
		e.delete(accessKeyKey(k))
		moved := k.clone()
		moved.Owner = ownerUser + newName
		if moved.Sealed, err = e.s.config.Sealer.Seal(moved.label(), []byte(opened.reveal())); err != nil {
			return fmt.Errorf("sealing the secret of access key %s: %w", k.ID, err)
		}
		e.put(moved)
	}
	return nil
}

// maxRenamed is with how many users a group can be renamed: the edit is one transaction, with its limit
// (store.MaxChanges) on what it writes. AWS has no such limit.
const maxRenamed = 100

// RenameGroup gives a group another name. Its users stay in it.
func (e *Edit) RenameGroup(account, name, newName string) error {
	g := e.Group(account, name)
	if g == nil {
		return noSuch("group", name)
	}
	g.Name = newName
	if err := e.PutGroup(g); err != nil {
		return err
	}
	e.delete(entryKey(account, kindGroup, name))
	renamed := 0
	for _, member := range e.View().Users(account) {
		at := slices.Index(member.Groups, name)
		if at < 0 {
			continue
		}
		if renamed++; renamed > maxRenamed {
			return failf(CodeLimitExceeded, "A group with more than %d users cannot be renamed.", maxRenamed)
		}
		u := e.User(account, member.Name)
		u.Groups[at] = newName
		if err := e.PutUser(u); err != nil {
			return err
		}
	}
	return nil
}
