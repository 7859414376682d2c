// Package rego translates the AWS policy language to Rego.
//
// Every policy document and every group of grants becomes one small Rego package, a [Unit]:
// one partial set per [Class] whose members are the indexes of the statements that match the
// input. The hand-written modules in this directory say which units apply to a request
// (layers.rego) and how what they say becomes one decision (decision.rego); they are the
// specification of the evaluator and are exported as they are for stock OPA.
//
// The translation uses stock built-ins only. It never negates a call whose operand may be
// undefined: OPA would hoist the operand out of the negation and the rule, often a Deny, would
// silently be lost. Negation is applied to rules and to plain comparisons only.
//
// Where AWS's documents leave something open, the translation follows [Readings] and notes the [Assumption].
//
// What no test reaches are errors of reading back what this package itself wrote, and the panic for a string that
// does not encode.
package rego
