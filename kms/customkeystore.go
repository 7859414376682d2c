package kms

import (
	"iter"
	"slices"
	"strings"
)

// customKeyStoreOperations are the operations on custom key stores
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-store-overview.html). They are decided by IAM policies alone:
// custom key stores are no resources of policies.
var customKeyStoreOperations = []operation{
	answers("ConnectCustomKeyStore", connectCustomKeyStore),
	answers("CreateCustomKeyStore", createCustomKeyStore),
	answers("DeleteCustomKeyStore", deleteCustomKeyStore),
	answers("DescribeCustomKeyStores", describeCustomKeyStores),
	answers("DisconnectCustomKeyStore", disconnectCustomKeyStore),
	answers("UpdateCustomKeyStore", updateCustomKeyStore),
}

// nothing is the answer of an operation that answers an empty object.
type nothing struct{}

type describeCustomKeyStoresInput struct {
	CustomKeyStoreId   *string `kms:"min=1,max=64"`
	CustomKeyStoreName *string `kms:"min=1,max=256"`
	Limit              *int32  `kms:"min=1,max=1000"`
	Marker             *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type describeCustomKeyStoresOutput struct {
	CustomKeyStores []customKeyStoreEntry
	paging
}

// customKeyStoreEntry is CustomKeyStoresListEntry of the API
// (https://docs.aws.amazon.com/kms/latest/APIReference/API_CustomKeyStoresListEntry.html).
type customKeyStoreEntry struct {
	CustomKeyStoreId       string
	CustomKeyStoreName     string
	CloudHsmClusterId      string `json:",omitempty"`
	TrustAnchorCertificate string `json:",omitempty"`
	ConnectionState        string
	ConnectionErrorCode    string `json:",omitempty"`
	CreationDate           timestamp
	CustomKeyStoreType     string
	XksProxyConfiguration  *xksProxyConfiguration `json:",omitempty"`
}

type xksProxyConfiguration struct {
	Connectivity            string
	AccessKeyId             string
	UriEndpoint             string
	UriPath                 string
	VpcEndpointServiceName  string `json:",omitempty"`
	VpcEndpointServiceOwner string `json:",omitempty"`
}

// describeCustomKeyStores lists the custom key stores of the caller's account and Region, or the one that is named.
func describeCustomKeyStores(c *call, in *describeCustomKeyStoresInput) (*describeCustomKeyStoresOutput, error) {
	if in.CustomKeyStoreId != nil && in.CustomKeyStoreName != nil {
		return nil, failf(CodeValidation, "You can specify CustomKeyStoreId or CustomKeyStoreName, but not both.")
	}
	after, err := afterMarker("customKeyStores", in.Marker)
	if err != nil {
		return nil, err
	}
	if err := c.authorize("kms:DescribeCustomKeyStores", nil, nil); err != nil {
		return nil, err
	}
	named := func(s *customStore) bool {
		return (in.CustomKeyStoreId == nil || *in.CustomKeyStoreId == s.id) &&
			(in.CustomKeyStoreName == nil || *in.CustomKeyStoreName == s.record.Name)
	}
	if in.CustomKeyStoreId != nil || in.CustomKeyStoreName != nil {
		if !slices.ContainsFunc(c.customStores(), named) {
			return nil, errStoreNotFound
		}
	}
	out := &describeCustomKeyStoresOutput{}
	out.CustomKeyStores, out.paging = page("customKeyStores", in.Limit, c.customStoreEntries(after, named))
	return out, nil
}

// customStoreEntries yields the entries of the custom key stores after an id that satisfy a condition.
func (c *call) customStoreEntries(after string, named func(*customStore) bool) iter.Seq2[string, customKeyStoreEntry] {
	return func(yield func(string, customKeyStoreEntry) bool) {
		for _, s := range c.customStores() {
			if s.id > after && named(s) && !yield(s.id, c.customStoreEntry(s)) {
				return
			}
		}
	}
}

func (c *call) customStoreEntry(s *customStore) customKeyStoreEntry {
	entry := customKeyStoreEntry{
		CustomKeyStoreId: s.id, CustomKeyStoreName: s.record.Name, CustomKeyStoreType: s.record.Type,
		CreationDate: timestamp(s.record.CreationDate),
	}
	entry.ConnectionState, entry.ConnectionErrorCode = s.connection(c.now())
	if cluster := s.record.Cluster; cluster != nil {
		entry.CloudHsmClusterId, entry.TrustAnchorCertificate = cluster.ID, cluster.TrustAnchorCertificate
	}
	if p := s.record.Proxy; p != nil {
		entry.XksProxyConfiguration = &xksProxyConfiguration{
			Connectivity: p.Connectivity, AccessKeyId: p.AccessKeyID, UriEndpoint: p.URIEndpoint, UriPath: p.URIPath,
		}
	}
	return entry
}

// customStores are the custom key stores of the caller's account and Region, in the order of their ids: ten at most.
func (c *call) customStores() []*customStore {
	var out []*customStore
	for _, s := range below(c.snapshot.customStores, statePath(c.Account, c.Region, ""), "") {
		out = append(out, s)
	}
	return out
}

// findCustomStore returns the custom key store of the caller's account and Region that has an id. The log is told about it.
func (c *call) findCustomStore(id string) (*customStore, error) {
	if strings.Contains(id, "/") {
		return nil, errStoreNotFound
	}
	s := c.snapshot.customStore(statePath(c.Account, c.Region, id))
	if s == nil {
		return nil, errStoreNotFound
	}
	return s, nil
}

// noteCustomStore adds what AWS CloudTrail tells of a custom key store besides its id
// (https://docs.aws.amazon.com/kms/latest/developerguide/ct-connect-keystore.html).
func (c *call) noteCustomStore(s *customStore) {
	if c.Observer == nil {
		return
	}
	c.Observer.Note("customKeyStoreName", s.record.Name)
	if s.record.Cluster != nil {
		c.Observer.Note("clusterId", s.record.Cluster.ID)
	}
}

// keysIn are the keys in a custom key store that are not gone.
func (c *call) keysIn(s *customStore) iter.Seq[*Key] {
	return func(yield func(*Key) bool) {
		for _, key := range below(c.snapshot.keys, statePath(s.account, s.region, ""), "") {
			if key.record.CustomKeyStoreID == s.id && !key.isGone(c.now()) && !yield(key) {
				return
			}
		}
	}
}
