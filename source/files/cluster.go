package files

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/source/internal/yamljson"
)

// defaultHSMs is how many active HSMs a cluster has that does not say: as many as AWS KMS needs for a key store.
const defaultHSMs = 2

// clusters reads AWS CloudHSM clusters by id.
func (a account) clusters(n *yaml.Node) {
	a.entries(n, "clusters by id", func(id string, key, value *yaml.Node) {
		c := kms.Cluster{Account: a.id, Region: a.defaults.Region, ID: id, HSMs: defaultHSMs}
		at := map[string]*yaml.Node{} // the fields that were read; nil for one that could not be
		reading := func(name string, read func(*yaml.Node)) func(*yaml.Node) {
			return func(n *yaml.Node) {
				before := len(a.diags)
				if read(n); len(a.diags) == before {
					at[name] = n
				} else {
					at[name] = nil
				}
			}
		}
		a.fields(value, "a cluster", map[string]func(*yaml.Node){
			"region":           a.into(&c.Region, "a Region"),
			"state":            reading(kms.ClusterState, a.into(&c.State, "a state")),
			"hsms":             reading(kms.ClusterHSMs, func(n *yaml.Node) { c.HSMs = a.count(n, "hsms") }),
			"certificate":      reading(kms.ClusterCertificate, a.into(&c.Certificate, "a certificate")),
			"password":         reading(kms.ClusterPassword, a.into(&c.Password, "a password")),
			"connection-error": reading(kms.ClusterConnectionError, a.into(&c.ConnectionError, "a connection error")),
		})
		if c.Region == "" {
			a.fail("cluster", key, "the cluster has no Region: expected a region, or --region")
		}
		for _, problem := range c.Check() {
			where, given := at[problem.Field]
			if !given {
				where = key
			}
			if where != nil {
				a.fail("cluster", where, problem.Message)
			}
		}
		a.world.Clusters = append(a.world.Clusters, c)
	})
}

// count reads a number of things.
func (r *reader) count(n *yaml.Node, what string) int {
	target := yamljson.Resolve(n)
	number, err := strconv.Atoi(strings.TrimSpace(target.Value))
	if target.Kind != yaml.ScalarNode || target.ShortTag() != "!!int" || err != nil || number < 0 {
		r.wrong(n, what+" as a number, 0 or more")
		return 0
	}
	return number
}
