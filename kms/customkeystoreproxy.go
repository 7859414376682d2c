package kms

import "errors"

// How AWS KMS reaches an external key store proxy (XksProxyConnectivity of the API). There are no VPC endpoint services here:
// whatever names one is told that it does not exist.
const (
	connectivityPublic = "PUBLIC_ENDPOINT"
	connectivityVPC    = "VPC_ENDPOINT_SERVICE"
)

// createProxy completes a key store with its proxy, which must answer.
func (c *call) createProxy(s *customStore, in *createCustomKeyStoreInput) error {
	if *in.XksProxyConnectivity == connectivityVPC {
		return errVpcServiceNotFound
	}
	s.record.Proxy = &proxyRecord{
		Connectivity: connectivityPublic, URIEndpoint: *in.XksProxyUriEndpoint, URIPath: *in.XksProxyUriPath,
	}
	if err := c.setCredential(s, s.record.Proxy, in.XksProxyAuthenticationCredential); err != nil {
		return err
	}
	return c.checkProxy(s, s.record.Proxy)
}

// setCredential puts a credential into the record of a proxy.
func (c *call) setCredential(s *customStore, record *proxyRecord, credential *xksProxyCredential) error {
	sealed, err := c.service.sealStoreSecret(proxySecret, s.path(), *credential.RawSecretAccessKey)
	record.AccessKeyID, record.SealedSecret = *credential.AccessKeyId, sealed
	return err
}

// checkProxy refuses a proxy that is another key store's, or that does not answer as it should.
func (c *call) checkProxy(s *customStore, record *proxyRecord) error {
	for _, other := range c.customStores() {
		if p := other.record.Proxy; p != nil && other.id != s.id && p.URIEndpoint+p.URIPath == record.URIEndpoint+record.URIPath {
			return errProxyURIInUse
		}
	}
	return answerOf(c.checkHealth(s, record), storeException)
}

// checkHealth asks a proxy whether it works. The error is a [*ProxyError] when it does not.
func (c *call) checkHealth(s *customStore, record *proxyRecord) error {
	proxy, err := c.proxy(s, record)
	if err != nil {
		return err
	}
	return c.service.config.Proxies.CheckHealth(c.ctx, proxy, &ProxyReason{Operation: c.operation, RequestID: c.RequestID})
}

// proxy returns the proxy of a key store. A service that was started without [Proxies] reaches none.
func (c *call) proxy(s *customStore, record *proxyRecord) (*Proxy, error) {
	if c.service.config.Proxies == nil {
		return nil, &ProxyError{Failure: ProxyUnreachable, Cause: errors.New("the service was started without proxies")}
	}
	secret, err := c.service.openStoreSecret(proxySecret, s.path(), record.SealedSecret)
	return &Proxy{
		Region: s.region, Endpoint: record.URIEndpoint, Path: record.URIPath, AccessKeyID: record.AccessKeyID, secret: secret,
	}, err
}

// connectProxy asks the proxy of a key store, and returns the ConnectionErrorCode when it does not answer as it should.
func (c *call) connectProxy(s *customStore) (errorCode string, err error) {
	err = c.checkHealth(s, s.record.Proxy)
	if e, ok := errors.AsType[*ProxyError](err); ok {
		return proxyFailures[e.Failure].connection, nil
	}
	return "", err
}

// updateProxy changes the record of a key store's proxy, which must answer.
func (c *call) updateProxy(s *customStore, record *customStoreRecord, in *updateCustomKeyStoreInput) error {
	if value(in.XksProxyConnectivity, connectivityPublic) == connectivityVPC {
		if in.XksProxyVpcEndpointServiceName == nil || in.XksProxyUriEndpoint == nil {
			return errVpcParameters
		}
		return errVpcServiceNotFound
	}
	if in.XksProxyVpcEndpointServiceName != nil || in.XksProxyVpcEndpointServiceOwner != nil {
		return errVpcParameters
	}
	changed := *s.record.Proxy
	changed.URIEndpoint = value(in.XksProxyUriEndpoint, changed.URIEndpoint)
	changed.URIPath = value(in.XksProxyUriPath, changed.URIPath)
	if in.XksProxyAuthenticationCredential != nil {
		if err := c.setCredential(s, &changed, in.XksProxyAuthenticationCredential); err != nil {
			return err
		}
	}
	record.Proxy = &changed
	if in.XksProxyUriEndpoint == nil && in.XksProxyUriPath == nil && in.XksProxyAuthenticationCredential == nil {
		return nil // only the name changes
	}
	return c.checkProxy(s, &changed)
}
