package rego

import (
	_ "embed"
)

// UnitPackage is the package that holds the units.
const UnitPackage = "strictkms.unit"

// DecisionModule is decision.rego: how the layers of policy become one decision. Its input is what
// each layer says; see the comment at its head.
//
//go:embed decision.rego
var DecisionModule string

// LayersModule is layers.rego: which units apply to a request and what they say. It is what stock OPA
// starts from; the evaluator finds the same by its own index.
//
//go:embed layers.rego
var LayersModule string
