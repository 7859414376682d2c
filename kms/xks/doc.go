// Package xks talks to external key store proxies: it is the client of the AWS KMS External Key Store Proxy API, version 1
// (https://github.com/aws/aws-kms-xksproxy-api-spec/blob/main/xks_proxy_api_spec.md). Requests are signed with Signature
// Version 4 for the service kms-xks-proxy and go over TLS only; one that is not answered within 250 ms has failed.
//
// Who may make custom key stores says where the requests go. They go to port 443 of public addresses, and nowhere else but
// where the operator of the server has said: never to the loopback interface or a private network on a caller's word. No
// redirect is followed and no HTTP proxy of the environment is used.
package xks
