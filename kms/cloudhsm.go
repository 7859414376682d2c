package kms

import (
	"crypto/subtle"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/strictkms/strictkms/internal/constraint"
)

// Clusters are the AWS CloudHSM clusters that there are. AWS KMS only looks at them: whoever starts the service says
// which there are, and may change them while it runs. It is safe for concurrent use; the zero value has none.
type Clusters struct {
	mu   sync.RWMutex
	byID map[string]Cluster // by ACCOUNT/REGION/ID
}

// Cluster is an AWS CloudHSM cluster, as far as AWS KMS looks at it.
type Cluster struct {
	Account, Region, ID string
	// State is that of the CloudHSM API, for example ACTIVE; empty is ACTIVE.
	State string
	// HSMs is how many active HSMs it has, each in an Availability Zone of its own.
	HSMs int
	// Certificate is the trust anchor certificate in PEM. Clusters that have the same one share a backup history. When
	// it is empty every certificate is that of the cluster, which then has no relatives.
	Certificate string
	// Password is that of the kmsuser crypto user; when it is empty every password is.
	Password string
	// ConnectionError is the ConnectionErrorCode with which every attempt to connect fails; empty for none.
	ConnectionError string
}

// minHSMs is how many active HSMs a cluster needs for a key store and for making keys
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateCustomKeyStore.html, Errors).
const minHSMs = 2

// ClusterStates are the states of clusters
// (https://docs.aws.amazon.com/cloudhsm/latest/APIReference/API_Cluster.html, State).
func ClusterStates() []string {
	return []string{
		clusterActive, "CREATE_IN_PROGRESS", "UNINITIALIZED", "INITIALIZE_IN_PROGRESS", "INITIALIZED", "UPDATE_IN_PROGRESS",
		"MODIFY_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETED", "DEGRADED",
	}
}

const clusterActive = "ACTIVE"

// ClusterConnectionErrors are the codes with which a connection to a cluster can fail
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CustomKeyStoresListEntry.html, ConnectionErrorCode).
func ClusterConnectionErrors() []string {
	return []string{
		"CLUSTER_NOT_FOUND", "INSUFFICIENT_CLOUDHSM_HSMS", "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET", "INTERNAL_ERROR",
		"INVALID_CREDENTIALS", "NETWORK_ERRORS", "SUBNET_NOT_FOUND", "USER_LOCKED_OUT", "USER_LOGGED_IN", "USER_NOT_FOUND",
	}
}

// The fields of a [Cluster] that can be wrong.
const (
	ClusterID              = "id"
	ClusterState           = "state"
	ClusterHSMs            = "hsms"
	ClusterCertificate     = "certificate"
	ClusterPassword        = "password"
	ClusterConnectionError = "connection error"
)

// ClusterProblem is what is wrong with a field of the description of a cluster. It never quotes a secret.
type ClusterProblem struct{ Field, Message string }

// Check returns everything that is wrong with the description of a cluster.
func (c *Cluster) Check() []ClusterProblem {
	var found []ClusterProblem
	expect := func(ok bool, field, format string, args ...any) {
		if !ok {
			found = append(found, ClusterProblem{field, fmt.Sprintf(format, args...)})
		}
	}
	expect(patterns["CloudHsmClusterIdType"].Matches(c.ID), ClusterID,
		"%q is not the id of a cluster: expected cluster- and 11 to 16 letters and digits from 2 to 7, for example cluster-a23b4cdefgh", c.ID)
	expect(c.State == "" || slices.Contains(ClusterStates(), c.State), ClusterState,
		"%q is not a state of clusters: expected one of %s", c.State, strings.Join(ClusterStates(), ", "))
	expect(c.HSMs >= 0, ClusterHSMs, "%d HSMs: expected 0 or more", c.HSMs)
	expect(c.Certificate == "" || parseTrustAnchor(c.Certificate) != nil, ClusterCertificate,
		"it is not a certificate: expected one X.509 certificate in PEM")
	length := constraint.UTF16Length(c.Password)
	expect(c.Password == "" || length >= 7 && length <= 32, ClusterPassword, "expected a password of 7 to 32 characters")
	expect(c.ConnectionError == "" || slices.Contains(ClusterConnectionErrors(), c.ConnectionError), ClusterConnectionError,
		"%q is not the ConnectionErrorCode of a cluster: expected one of %s", c.ConnectionError, strings.Join(ClusterConnectionErrors(), ", "))
	return found
}

// Put adds a cluster, or puts another description in place of the one with its account, Region and id.
func (c *Clusters) Put(cluster Cluster) error {
	var errs []error
	for _, problem := range cluster.Check() {
		errs = append(errs, errors.New(problem.Message))
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if cluster.State == "" {
		cluster.State = clusterActive
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[string]Cluster{}
	}
	c.byID[statePath(cluster.Account, cluster.Region, cluster.ID)] = cluster
	return nil
}

// Delete takes a cluster away.
func (c *Clusters) Delete(account, region, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byID, statePath(account, region, id))
}

// find returns a cluster, nil when there is none. A nil receiver has none.
func (c *Clusters) find(account, region, id string) *Cluster {
	if c == nil {
		return nil
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	cluster, ok := c.byID[statePath(account, region, id)]
	if !ok {
		return nil
	}
	return &cluster
}

// trusts reports whether a certificate is the trust anchor certificate of the cluster.
func (c *Cluster) trusts(certificate string) bool {
	given := parseTrustAnchor(certificate)
	return given != nil && (c.Certificate == "" || given.Equal(parseTrustAnchor(c.Certificate)))
}

// isRelated reports whether two clusters share a backup history: they have the same certificate then.
func (c *Cluster) isRelated(other *Cluster) bool {
	if c.Certificate == "" || other.Certificate == "" {
		return c.ID == other.ID
	}
	return parseTrustAnchor(c.Certificate).Equal(parseTrustAnchor(other.Certificate))
}

// accepts reports whether a password is that of kmsuser.
func (c *Cluster) accepts(password secretText) bool {
	return c.Password == "" || subtle.ConstantTimeCompare([]byte(c.Password), []byte(password)) == 1
}

// isUsable reports whether keys in the cluster can be used.
func (c *Cluster) isUsable() bool { return c != nil && c.State == clusterActive && c.HSMs > 0 }

// parseTrustAnchor reads a certificate, nil for what is none.
func parseTrustAnchor(text string) *x509.Certificate {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return certificate
}
