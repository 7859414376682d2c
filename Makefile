# Every target is a plain command; CI runs the same ones (.ci/run).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# FUZZTIME is spent on each fuzz target.
FUZZTIME ?= 60s
# RACEPKGS are the packages that share state between goroutines.
RACEPKGS ?= ./source/... ./store/... ./kms ./iam/... ./server/...
BENCHFLAGS ?=
# MUTATEFLAGS narrow the mutation check, e.g. -part rego, -sample 50, -files rego/pattern.go
MUTATEFLAGS ?=

# PROPERTIES are the tests of random decisions; PROPERTYTIMES is how much longer than in make test they look.
PROPERTIES := AreTheReference|IsTheReference|DoNotMatter|NeverAllows|NeverNarrows|MeansNothing|SuggestionsAllow|UnresolvedValues
PROPERTYTIMES ?= 7

TOOLS := $(CURDIR)/.tools
OPA := $(TOOLS)/opa
GOLANGCI := $(TOOLS)/golangci-lint
# Tests that need the stock opa binary look it up in PATH.
export PATH := $(TOOLS):$(PATH)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: tools
tools: $(OPA) $(GOLANGCI) ## build the pinned opa and golangci-lint into .tools/

.PHONY: .tools-opa .tools-golangci-lint
.tools-opa: $(OPA)
.tools-golangci-lint: $(GOLANGCI)

$(OPA): tools/opa/go.mod
	@mkdir -p $(TOOLS)
	$(GO) build -C tools/opa -o $@ github.com/open-policy-agent/opa
	@touch $@

$(GOLANGCI): tools/golangci/go.mod
	@mkdir -p $(TOOLS)
	$(GO) build -C tools/golangci -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

.PHONY: build
build: ## build ./strictkms
	$(GO) build -o strictkms ./cmd/strictkms

.PHONY: test
test: $(OPA) ## run every test, building what the tests need first
	$(GO) test ./...

.PHONY: race
race: ## run the tests of the concurrent packages under the race detector
	$(GO) test -race $(RACEPKGS)
	$(GO) test -race -short ./kmstest
	$(GO) test -race -run 'Concurrent|AtOnce|Remembering' ./evaluator

.PHONY: cover
cover: $(OPA) ## list the statements of policy, rego and evaluator that neither tests nor the corpus reach, with the reason
	$(GO) test -coverpkg=./policy,./rego,./evaluator -coverprofile=coverage.out ./policy ./rego ./evaluator ./internal/corpus
	@tools/gaps coverage.out

.PHONY: lint
lint: $(GOLANGCI) ## run go vet and golangci-lint, and check that go.mod is tidy
	$(GO) vet ./...
	$(GOLANGCI) run ./...
	$(GO) mod tidy -diff

.PHONY: fmt
fmt: $(GOLANGCI) $(OPA) ## format Go and hand-written Rego
	$(GOLANGCI) fmt
	find rego -name '*.rego' -not -path '*/testdata/*' -exec $(OPA) fmt --write {} +

.PHONY: rego
rego: $(OPA) ## check and test the decision module and the golden Rego with stock opa
	OPA=$(OPA) ./tools/rego-check

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME
	GO=$(GO) ./tools/fuzz $(FUZZTIME)

.PHONY: terraform-plans
terraform-plans: ## make the Terraform plans of the tests and of examples/terraform anew, with terraform
	$(GO) test ./source/terraform -run 'TestPlans|TestExample' -replan -update

.PHONY: golden
golden: ## rewrite the golden files from what the code prints now
	$(GO) test $$(grep -rl --include='*_test.go' 'flag\.Bool("update"' . | xargs -n1 dirname | sort -u) -update

.PHONY: corpus
corpus: $(OPA) ## run the decision corpus on every path, one line per case
	@$(GO) test -count=1 -v -run 'TestCorpus|TestDecideCorpus|TestServerCorpus|OnCorpus|EveryReading|KeysOfEvery' \
		./internal/corpus ./evaluator ./cmd/strictkms ./server ./rego | tools/tally cases

.PHONY: property
property: ## hold the evaluator to a plain reference, over 200,000 random decisions
	@$(GO) test -count=1 -v -timeout 60m -run '$(PROPERTIES)' ./evaluator -property.times=$(PROPERTYTIMES) | tools/tally 'random decisions'

.PHONY: property-nightly
property-nightly: ## the same over millions
	@$(MAKE) -s property PROPERTYTIMES=100

.PHONY: mutation
mutation: $(OPA) ## change the code in one place at a time, and hold the corpus to noticing it
	$(GO) run ./internal/corpus/mutate $(MUTATEFLAGS)

.PHONY: stock-opa
stock-opa: $(OPA) ## run the tests that put exported Rego through the stock opa binary
	@$(GO) test -count=1 -v -run 'StockOPA' ./internal/corpus ./internal/imports | tools/tally cases

.PHONY: bench
bench: ## print decision latency beside a hand-written matcher and cedar-go
	$(GO) run ./bench $(BENCHFLAGS)

.PHONY: ci
ci: ## everything that must pass before a change lands
	.ci/run

.PHONY: clean
clean: ## remove what the other targets made, the tools included
	rm -rf $(TOOLS) strictkms coverage.out
