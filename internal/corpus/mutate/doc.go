// Command mutate measures the decision corpus: it changes the decision modules, and the Go code that translates
// policies and gathers what they say, in one place at a time, and asks whether some case of the corpus notices. A
// change that no case notices is a rule that nothing holds: it needs a case, or a reason why it changes
// nothing (testdata/mutation/equivalent.txt).
//
// It runs from the root of the module:
//
//	go run ./internal/corpus/mutate              every mutant
//	go run ./internal/corpus/mutate -part rego   the decision modules only
//	go run ./internal/corpus/mutate -sample 100  100 mutants, the same ones every time
//	go run ./internal/corpus/mutate -files rego/pattern.go,rego/arn.go
//
// The last line counts; the exit status is 1 when a mutant survives.
package main
