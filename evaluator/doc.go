// Package evaluator decides KMS requests: it translates the policies that apply to a request
// to Rego (package rego), asks OPA which of their statements match, and asks OPA's decision
// module what follows from that.
//
// [Evaluator.Authorize] answers allow or deny with the deciding statements and is meant for every
// call of a server. [Evaluator.Explain] answers the same and says of every statement of every
// layer what matched and what did not.
//
// [Evaluator.Settle] and [Evaluator.Resolve] answer requests that leave condition keys open: allow or deny whatever they
// are, or conditional with the ways in which the request is allowed. Elements of statements that read no open key are
// evaluated, by the index and by OPA, in part where they read both; what is left are the conditions of the policies. Which
// of them must hold is asked of the decision module, and which go together of OPA, for values that they can tell apart.
//
// How a decision is made, and why it is the same as evaluating the exported bundle with stock OPA:
//
//   - Each policy is compiled once, by itself, to a unit. A unit has an index by principal, action
//     and literal resource over its rules; it only leaves out rules whose body would be false, and the
//     bodies of the rest are evaluated by OPA in full.
//   - What the layers say is a vector of booleans. The decision module is evaluated by OPA once per
//     distinct vector and the answer is kept.
//   - The layers are asked in an order that stops once the rest cannot change the answer.
//     Property tests hold all of this to the plain evaluation of the bundle.
//   - What AWS's documents leave open is read as [Readings] say; see [Evaluator.Assuming]. An assumption that
//     a decision does not name could be read otherwise without changing it, which property tests hold too.
//
// What no test reaches is of three kinds. Errors of parsing and compiling what package rego wrote, and of evaluating
// it, are handed on up to a denial: they would be mistakes of the translation, and every test would fail by them. The
// methods that make the absent caches of match.go are there for an interface and are not called. A default of a
// switch over an enumeration is there for the compiler.
package evaluator
