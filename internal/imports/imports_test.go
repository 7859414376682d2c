package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/strictkms/strictkms"

// rule is one row of the table: what the non-test files of a package may import.
type rule struct {
	// pkg is the path below the module. One that ends in /... also stands for every package below.
	pkg string
	// own are the packages of this module that it may import, in the form of pkg.
	own []string
	// modules are import path prefixes outside the standard library.
	modules []string
	// deny are standard library packages that it must not import: what would let it do I/O.
	deny []string
}

var anything = []string{"..."}

var (
	network = []string{"net/http", "net/rpc", "net/smtp"}
	// effects are what a package that only computes has no use for.
	effects = append([]string{"os/exec", "net", "log", "log/slog", "os", "math/rand", "math/rand/v2"}, network...)
)

const (
	gjson       = "github.com/tidwall/gjson"
	levenshtein = "github.com/agnivade/levenshtein"
	lru         = "github.com/hashicorp/golang-lru/v2"
	yaml        = "go.yaml.in/yaml/v4"
	opa         = "github.com/open-policy-agent/opa/v1"
	btree       = "github.com/tidwall/btree"
	uuid        = "github.com/google/uuid"
)

// rules are the packages of the module and what they may import (docs: design, "Packages").
//
// DO NOT CHANGE THIS DATA TO FIX BUILDS. It is the architecture: policy is the bottom, rego and
// evaluator stand on it, nothing imports the command line. A row changes when the
// architecture does, in a commit that says why. Packages that are not written yet have
// their row already; a package without a row fails.
var rules = []rule{
	// levenshtein: what a misspelt name was meant to be is asked by every reader, and found in one place.
	{pkg: "policy", modules: []string{gjson, levenshtein}, deny: effects},
	{pkg: "rego", own: []string{"policy"}, modules: []string{opa + "/ast", opa + "/format", opa + "/bundle"}, deny: effects},
	{pkg: "evaluator", own: []string{"policy", "rego"}, modules: []string{opa, lru}, deny: effects},
	{pkg: "simulator", own: []string{"policy", "evaluator", "rego"}, deny: network},
	// Questions about everybody: whom to ask about is for the loaded world to say.
	{pkg: "simulator/access", own: []string{"policy", "evaluator", "simulator", "source"}, deny: network},
	// What is wrong with policies, and the forms that findings are written in.
	{
		pkg: "simulator/audit", own: []string{"policy", "evaluator", "source", "source/suppressions"},
		deny: slices.Concat(network, []string{"os"}),
	},
	{
		pkg: "simulator/audit/report", own: []string{"policy", "simulator/audit", "internal/annotation"},
		modules: []string{"github.com/owenrumney/go-sarif/v3", "github.com/jstemmer/go-junit-report/v2/junit"}, deny: network,
	},
	// What two worlds allow, compared.
	{
		pkg: "simulator/diff", own: []string{"policy", "evaluator", "source"}, modules: []string{"golang.org/x/sync/errgroup"},
		deny: network,
	},
	// Recorded calls, decided again.
	{pkg: "simulator/replay", own: []string{"policy", "evaluator", "source"}, deny: network},
	// Whether expectations about decisions are met, and which statements they exercise.
	{
		pkg: "simulator/policytest", own: []string{"policy", "evaluator", "simulator", "source", "source/expectations", "internal/annotation"},
		modules: []string{"github.com/jstemmer/go-junit-report/v2/junit"}, deny: network,
	},

	{pkg: "source", own: []string{"policy", "iam", "kms", "evaluator"}, deny: network},
	{pkg: "source/cloudformation", own: sources, modules: []string{yaml}, deny: network},
	{pkg: "source/files", own: sources, modules: []string{yaml}, deny: network},
	{pkg: "source/inline", own: sources, modules: []string{gjson}, deny: network},
	// What people say about findings: comments, metadata, the configuration file.
	{pkg: "source/suppressions", own: sources, modules: []string{yaml}, deny: network},
	// Files of expectations about decisions, which may hold a session policy as a world file does.
	{pkg: "source/expectations", own: append([]string{"source/files"}, sources...), modules: []string{yaml}, deny: network},
	// gjson: terraform-json does not say where in the file a value stands.
	{pkg: "source/terraform", own: sources, modules: []string{"github.com/hashicorp/terraform-json", gjson}, deny: network},
	{pkg: "source/snapshot", own: sources, modules: []string{gjson}, deny: network},
	// JSON with the positions of its values, also inside a policy that is a string: what snapshots and plans are.
	{pkg: "source/internal/jsontext", own: sources, modules: []string{gjson}, deny: network},
	{pkg: "source/internal/...", own: sources, modules: []string{yaml}, deny: network},

	// What was loaded, written to a server's store.
	{pkg: "source/seed", own: append([]string{"store", "internal/wholefile"}, sources...), deny: network},

	{pkg: "iam", own: []string{"policy", "store"}, modules: []string{btree}, deny: network},
	// The IAM API, without HTTP.
	{
		pkg: "iam/api", own: []string{"policy", "iam", "store", "evaluator", "internal/operation", "internal/constraint"},
		deny: network,
	},
	// The STS API, without HTTP, and the tokens of identity providers that it takes.
	{
		pkg: "iam/sts", own: []string{"policy", "iam", "iam/oidc", "internal/operation", "internal/constraint"},
		deny: network,
	},
	{pkg: "iam/oidc", own: []string{"internal/operation"}, modules: []string{"github.com/lestrrat-go/jwx/v3"}, deny: network},
	// The Organizations API, without HTTP.
	{
		pkg: "iam/organizations", own: []string{"policy", "iam", "store", "internal/operation", "internal/constraint"},
		deny: network,
	},
	// The AWS CloudFormation API, without HTTP. It reads templates with the package that loads them, and makes resources by
	// calls that it is given: it knows neither kms nor iam/api.
	{
		pkg:     "cloudformation",
		own:     []string{"policy", "store", "source/cloudformation", "internal/operation", "internal/constraint"},
		modules: []string{uuid}, deny: network,
	},
	{
		pkg: "kms", own: []string{"policy", "store", "kms/attestation", "kms/material", "kms/quota", "internal/constraint"}, modules: []string{btree, uuid},
		deny: slices.Concat(network, []string{"math/rand", "math/rand/v2"}),
	},
	{
		pkg: "kms/material",
		modules: []string{
			"filippo.io/mldsa", "github.com/decred/dcrd/dcrec/secp256k1/v4", "github.com/cloudflare/circl",
			"github.com/tink-crypto/tink-go/v2", "golang.org/x/crypto",
		},
		// slog: key material says what a log shows of it, which is nothing.
		deny: slices.DeleteFunc(slices.Clone(effects), func(name string) bool { return name == "log/slog" }),
	},
	// Attestation documents of enclaves, and answers that only they can read.
	{
		pkg: "kms/attestation", modules: []string{"github.com/fxamacker/cbor/v2", "github.com/veraison/go-cose"},
		deny: effects,
	},
	// The client of external key store proxies: kms knows no HTTP, and says what it needs of one. aws: the signer.
	{
		pkg: "kms/xks", own: []string{"kms", "kms/material"}, modules: []string{"github.com/aws/aws-sdk-go-v2/aws"},
		deny: []string{"math/rand", "math/rand/v2"},
	},
	// Request quotas: how often an account may call.
	{pkg: "kms/quota", modules: []string{"golang.org/x/time/rate"}, deny: effects},
	// The root key's file.
	{pkg: "kms/material/rootfile", own: []string{"kms/material", "internal/wholefile"}, deny: network},
	{pkg: "store"},
	{pkg: "store/mem", own: []string{"store"}, modules: []string{btree}},
	{pkg: "store/bolt", own: []string{"store", "internal/wholefile"}, modules: []string{"go.etcd.io/bbolt"}},
	{pkg: "store/etcd", own: []string{"store"}, modules: []string{"go.etcd.io/etcd/client/v3", "go.etcd.io/etcd/api/v3"}},
	{pkg: "store/storetest", own: []string{"store"}, modules: []string{"github.com/stretchr/testify"}},

	{
		pkg: "server/...", own: []string{"kms", "iam", "evaluator", "policy", "console", "server/...", "internal/operation"},
		modules: []string{"github.com/prometheus/client_golang", gjson, lru, uuid},
	},
	{pkg: "console", deny: network},
	// The one place where a server is put together.
	{
		pkg: "internal/instance",
		own: []string{"server/...", "source/...", "kms/...", "iam/...", "cloudformation", "store/...", "policy", "evaluator", "simulator", "internal/operation"},
	},
	// A test makes keys and principals in the server it started, and is handed an aws.Config for it.
	{
		pkg: "kmstest", own: []string{"internal/instance", "internal/enclave", "server/...", "source/...", "kms/...", "iam", "iam/oidc", "policy", "evaluator"},
		modules: []string{"github.com/aws/aws-sdk-go-v2"},
	},

	// The reference external key store proxy. It knows of KMS only how requests are signed.
	{pkg: "kmstest/xksproxy", own: []string{"server/sigv4", "internal/wholefile"}, deny: []string{"math/rand", "math/rand/v2"}},

	// Programs, and support for tests. Nothing imports them but what is named below.
	{pkg: "cmd/...", own: anything, modules: anything},
	{
		pkg: "bench/server", own: []string{"policy", "evaluator", "internal/instance", "server/...", "source"},
		modules: []string{"github.com/aws/aws-sdk-go-v2"},
	},
	// The questions about everybody, asked of worlds made for it.
	{pkg: "bench/matrix", own: []string{"policy", "evaluator", "source", "simulator/access"}},
	{pkg: "bench/...", own: []string{"policy", "evaluator", "bench/internal/..."}, modules: []string{"github.com/cedar-policy/cedar-go"}},
	// Plays the Nitro hypervisor for tests, of ours and of whoever uses kmstest.
	{pkg: "internal/enclave", modules: []string{"github.com/fxamacker/cbor/v2", "github.com/veraison/go-cose"}, deny: effects},
	// What the inputs of every API are held to.
	{pkg: "internal/constraint", deny: effects},
	// What the APIs beside AWS KMS have in common.
	{pkg: "internal/operation", own: []string{"iam", "internal/constraint"}, deny: network},
	{pkg: "internal/operation/modeltest", own: []string{"internal/constraint"}, modules: []string{"github.com/stretchr/testify"}},
	// verify --live: asks AWS KMS itself, with AWS's SDK, and compares with what the evaluator decides.
	{
		pkg: "internal/live", own: []string{"policy", "evaluator", "source", "source/inline"},
		modules: []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	},
	// strictkms snapshot: reads an account with AWS's SDK and keeps the answers, understanding none of them.
	{
		pkg: "internal/fetch", modules: []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "golang.org/x/sync"},
		deny: []string{"math/rand", "math/rand/v2"},
	},
	{pkg: "internal/stockopa"},
	{pkg: "internal/corpus", own: []string{"policy", "evaluator", "rego", "source/..."}, modules: []string{yaml}},
	// The mutation check: rego and evaluator run the changed decision modules; Go code it changes as text.
	{pkg: "internal/corpus/mutate", own: []string{"rego", "evaluator", "internal/corpus"}, modules: []string{opa}},
	// What CI systems read: workflow commands of GitHub, text that XML can hold.
	{pkg: "internal/annotation", deny: effects},
	{pkg: "internal/wholefile", deny: network},
	{pkg: "internal/rapidtest", modules: []string{"pgregory.net/rapid"}}, // tests import it
	{pkg: "internal/imports"},
}

// sources is what a package that reads outside documents into a world may import.
var sources = []string{"policy", "iam", "kms", "evaluator", "source", "source/internal/..."}

// nobody lists packages that no package outside their own directory imports.
var nobody = []string{"cmd/...", "bench/...", "internal/corpus/...", "internal/imports", "internal/stockopa"}

// pkg is what go list says about a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Error      *struct{ Err string }
}

func TestImportsFollowTheTable(t *testing.T) {
	packages := list(t)
	require.NotEmpty(t, packages)
	for _, p := range packages {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		t.Run(name, func(t *testing.T) {
			require.Nil(t, p.Error, "go list cannot read the package")
			r := find(name)
			if r == nil {
				t.Fatalf("package %s has no row in the table of %s/internal/imports", name, module)
			}
			for _, imported := range p.Imports {
				if why := r.refuses(name, imported); why != "" {
					t.Errorf("%s imports %s: %s", name, imported, why)
				}
			}
		})
	}
}

// TestRefuses shows that the rule can fail, which a clean tree does not.
func TestRefuses(t *testing.T) {
	for _, test := range []struct{ from, imports, why string }{
		{"policy", "strings", ""},
		{"policy", "net/http", "its row denies it"},
		{"policy", "os", "its row denies it"},
		{"policy", gjson, ""},
		{"policy", gjson + "fork", "its row does not list the module"},
		{"policy", module + "/rego", "its row does not list the package"},
		{"rego", module + "/policy", ""},
		{"rego", module + "/policy/catalogue", "its row does not list the package"},
		{"rego", opa + "/ast", ""},
		{"rego", opa + "/topdown", "its row does not list the module"},
		{"evaluator", opa + "/topdown", ""},
		{"evaluator", module + "/cmd/strictkms", "nothing imports it"},
		{"cmd/strictkms", "example.org/anything", ""},
		{"cmd/strictkms", module + "/source/files", ""},
		{"cmd/strictkms", module + "/bench/internal/measure", "nothing imports it"},
		{"bench", module + "/bench/internal/measure", ""},
		{"kms", "math/rand/v2", "its row denies it"},
		{"source/files", module + "/source/internal/node", ""},
		{"source/files", module + "/source/cloudformation", "its row does not list the package"},
	} {
		t.Run(test.from+" imports "+test.imports, func(t *testing.T) {
			require.Equal(t, test.why, find(test.from).refuses(test.from, test.imports))
		})
	}
	require.Nil(t, find("policy/catalogue"))
	require.Nil(t, find("policies"))
	require.NotNil(t, find("server"))
	require.NotNil(t, find("server/sigv4"))
}

// TestTableIsWhole finds rows that contradict or repeat each other.
func TestTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules {
		require.False(t, seen[r.pkg], "%s has two rows", r.pkg)
		seen[r.pkg] = true
	}
	known := slices.Collect(maps.Keys(seen))
	for _, r := range rules {
		for _, own := range r.own {
			require.True(t, own == "..." || slices.ContainsFunc(known, func(k string) bool { return covers(own, k) || covers(k, own) }),
				"%s may import %s, which has no row", r.pkg, own)
		}
	}
}

// refuses says why a package may not import a path; empty when it may.
func (r *rule) refuses(name, imported string) string {
	own, inside := strings.CutPrefix(imported, module+"/")
	switch {
	case inside && slices.ContainsFunc(nobody, func(n string) bool { return covers(n, own) && !covers(n, name) }):
		return "nothing imports it"
	case inside:
		if !slices.ContainsFunc(r.own, func(o string) bool { return covers(o, own) }) {
			return "its row does not list the package"
		}
	case !strings.Contains(strings.Split(imported, "/")[0], "."):
		if slices.Contains(r.deny, imported) {
			return "its row denies it"
		}
	case !slices.ContainsFunc(r.modules, func(m string) bool { return covers(m+"/...", imported) || m == "..." }):
		return "its row does not list the module"
	}
	return ""
}

// find returns the row of a package, nil when there is none.
func find(name string) *rule {
	for i := range rules {
		if covers(rules[i].pkg, name) {
			return &rules[i]
		}
	}
	return nil
}

// covers reports whether a pattern such as server/... stands for a path.
func covers(pattern, path string) bool {
	below, ok := strings.CutSuffix(pattern, "...")
	if !ok {
		return pattern == path
	}
	return strings.HasPrefix(path+"/", below)
}

// list asks the go command for every package of the module.
func list(t *testing.T) []pkg {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(root, "go.mod"))

	command := exec.Command("go", "list", "-e", "-json=ImportPath,Standard,Imports,Error", "./...")
	command.Dir = root
	command.Stderr = os.Stderr
	output, err := command.Output()
	require.NoError(t, err)

	var packages []pkg
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}
