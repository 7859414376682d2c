// Package audit finds what is wrong with key policies, IAM policies and grants: statements that do nothing, keys that
// nobody can manage, access that is wider than it looks, conditions that do not do what they say.
//
// [Rules] are what it looks for; [Run] applies them to a world of policies, or to policy documents by themselves. Rules
// that ask who may do something put the question to package evaluator; the others read the text of one policy. The
// mistakes that package policy finds while it reads a document come in as [policy.Diagnostics] and are findings of
// these rules too.
//
// [Filter] takes out what a reader has looked at: comments in the file, the configuration file and a baseline. The
// package reads no files. Package report, below this one, writes findings.
package audit
