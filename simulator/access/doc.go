// Package access answers questions about everybody: who can do an action with a key, what a principal can do, and the
// whole matrix of principals, keys and actions of a world. Every single answer is a decision of the evaluator; the
// package only says whom to ask about, and in which words to say it.
//
// What a request would carry, such as its encryption context or the service that makes it, is left open: an answer is
// "always", "never", or "conditional" with the conditions that are left over.
package access
