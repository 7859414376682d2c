package xksproxy

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/strictkms/strictkms/internal/wholefile"
)

// The files of a folder.
const (
	// CertificateFile is what strictkms serve --xks-proxy-ca takes.
	CertificateFile = "certificate.pem"
	// CredentialFile is the proxy configuration file that the console of AWS KMS takes (the specification, XKS proxy
	// configuration in AWS KMS console).
	CredentialFile  = "proxy.json"
	certificateKey  = "certificate.key"
	externalKeyFile = "keys.json"
)

// Folder is a proxy whose keys, certificate and credential are in a directory.
type Folder struct {
	*Proxy

	// Certificate is that of the proxy, with its private key.
	Certificate tls.Certificate
	directory   string
}

// configuration is the proxy configuration file.
type configuration struct {
	URIPath    string `json:"XksProxyUriPath"`
	Credential struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string `json:"RawSecretAccessKey"`
	} `json:"XksProxyAuthenticationCredential"`
}

// OpenFolder opens the proxy of a directory; what is not there yet is made, the certificate for a host name. A path that is
// not empty takes the place of the one before.
func OpenFolder(directory, host, path string) (*Folder, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, err
	}
	f := &Folder{directory: directory}
	config, err := f.configuration(path)
	if err != nil {
		return nil, err
	}
	f.Proxy, err = New(Config{Path: config.URIPath, Credentials: map[string]string{config.Credential.AccessKeyID: config.Credential.SecretAccessKey}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name(CredentialFile), err)
	}
	if err := f.loadKeys(); err != nil {
		return nil, err
	}
	return f, f.loadCertificate(host)
}

func (f *Folder) name(file string) string { return filepath.Join(f.directory, file) }

func (f *Folder) configuration(path string) (*configuration, error) {
	config := &configuration{}
	found, err := readJSON(f.name(CredentialFile), config)
	if err != nil || found && (path == "" || path == config.URIPath) {
		return config, err
	}
	if !found {
		config.URIPath = "/kms/xks/v1"
		config.Credential.AccessKeyID, config.Credential.SecretAccessKey = NewCredential()
	}
	if path != "" {
		config.URIPath = path
	}
	if !uriPath.MatchString(config.URIPath) {
		return nil, fmt.Errorf("path %q: expected one that ends in /kms/xks/v1", config.URIPath)
	}
	return config, writeJSON(f.name(CredentialFile), config)
}

func (f *Folder) loadKeys() error {
	keys := map[string]Key{}
	if _, err := readJSON(f.name(externalKeyFile), &keys); err != nil {
		return err
	}
	var wrong []error
	for id, key := range keys {
		if len(key.Versions) == 0 {
			wrong = append(wrong, fmt.Errorf("%s: key %s has no versions", f.name(externalKeyFile), id))
			continue
		}
		if err := f.AddKey(id, key); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", f.name(externalKeyFile), err))
		}
	}
	return errors.Join(wrong...)
}

// KeepKeys makes the keys with these ids that are not there, and writes all keys to the directory.
func (f *Folder) KeepKeys(ids ...string) error {
	keys := f.Keys()
	for _, id := range ids {
		if _, there := keys[id]; there {
			continue
		}
		if err := f.AddKey(id, Key{}); err != nil {
			return err
		}
	}
	return writeJSON(f.name(externalKeyFile), f.Keys())
}

// loadCertificate loads the certificate, and makes one for a host name when there is none or it is another's.
func (f *Folder) loadCertificate(host string) error {
	certificate, err := tls.LoadX509KeyPair(f.name(CertificateFile), f.name(certificateKey))
	if err == nil && certificate.Leaf != nil && certificate.Leaf.VerifyHostname(host) == nil {
		f.Certificate = certificate
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", f.name(CertificateFile), err)
	}
	made, text, err := NewCertificate(host)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		return err
	}
	f.Certificate = made
	private := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	return errors.Join(wholefile.WriteBytes(f.name(certificateKey), 0o600, private), wholefile.WriteBytes(f.name(CertificateFile), 0o644, text))
}

// readJSON reads a file, and reports whether it is there. Errors do not quote it: there are secrets in it.
func readJSON(name string, into any) (found bool, err error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("%s: it is not the JSON that it should be", name)
	}
	return true, nil
}

func writeJSON(name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return wholefile.WriteBytes(name, 0o600, append(text, '\n'))
}
