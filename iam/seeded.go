package iam

// seededNote says that something was loaded into the store once. It stays when the thing is deleted, so that it is not
// made again by who loads the same files at every start.
type seededNote struct {
	Account string `json:"account"`
	// What is the thing, for example user/alice.
	What string `json:"what"`
}

// Seeded reports whether [Edit.NoteSeeded] was called for a thing of an account.
func (e *Edit) Seeded(account, what string) bool {
	return e.get(entryKey(account, kindSeeded, what)) != nil
}

// NoteSeeded notes that a thing was loaded.
func (e *Edit) NoteSeeded(account, what string) { e.put(&seededNote{Account: account, What: what}) }
