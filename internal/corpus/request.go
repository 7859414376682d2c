package corpus

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

// requestForm is the form of a request.
type requestForm struct {
	Principal string `yaml:"principal"`
	Action    string `yaml:"action"`
	// Key names a key as a user would, Role the role that is to be assumed; Resource is the ARN of an alias, or of what
	// an action of another service than KMS acts on, or * for actions without a resource.
	Key      string `yaml:"key"`
	Role     string `yaml:"role"`
	Resource string `yaml:"resource"`
	// ResourceTags are the tags of Resource.
	ResourceTags map[string]string `yaml:"resource-tags"`
	Context      map[string]values `yaml:"context"`
	Session      *sessionForm      `yaml:"session"`
	ViaService   string            `yaml:"via-service"`
	// Endpoint is the id of the VPC endpoint that the request comes through.
	Endpoint string `yaml:"endpoint"`
	Grant    string `yaml:"grant"`
}

// sessionForm is the form of what a session was made with.
type sessionForm struct {
	Policy   yaml.Node         `yaml:"policy"`
	Tags     map[string]string `yaml:"tags"`
	Issuer   string            `yaml:"issuer"`
	Provider string            `yaml:"provider"`
}

// values is a text or a list of texts.
type values []string

// UnmarshalYAML reads either form.
func (v *values) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*v = values{n.Value}
		return nil
	}
	return n.Decode((*[]string)(v))
}

// loader reads the cases of one file.
type loader struct {
	file   string
	src    []byte
	named  map[string]yaml.Node
	worlds map[string]*source.World // loaded worlds by name
}

// world reads the world of a case: the name of one, a world written out, or a list of those,
// which together make one world.
func (l *loader) world(n *yaml.Node) (*source.World, error) {
	name := worldName(n)
	if w := l.worlds[name]; w != nil {
		return w, nil
	}
	w := &source.World{}
	if err := l.addWorld(w, n); err != nil {
		return nil, err
	}
	if name != "" {
		l.worlds[name] = w
	}
	return w, nil
}

// worldName is what cases that share a world have in common: its name, or the names of its parts.
// It is empty when a part is written out.
func worldName(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	var names []string
	for _, part := range n.Content {
		if n.Kind != yaml.SequenceNode || part.Kind != yaml.ScalarNode {
			return ""
		}
		names = append(names, part.Value)
	}
	return strings.Join(names, " + ")
}

func (l *loader) addWorld(w *source.World, n *yaml.Node) error {
	switch n.Kind {
	case yaml.ScalarNode:
		named, ok := l.named[n.Value]
		if !ok {
			return fmt.Errorf("there is no world %q", n.Value)
		}
		return l.addWorld(w, &named)
	case yaml.SequenceNode:
		for _, part := range n.Content {
			if err := l.addWorld(w, part); err != nil {
				return err
			}
		}
		return nil
	default:
		return files.LoadPart(w, l.file, l.src, n, Defaults)
	}
}

// request builds the request in its world.
func (l *loader) request(w *source.World, form requestForm) (evaluator.Request, error) {
	r := evaluator.Request{
		Action: form.Action, Grant: form.Grant, Context: evaluator.Context{}, ResourceTags: form.ResourceTags,
	}
	action, ok := policy.LookupAction(form.Action)
	if !ok {
		return r, fmt.Errorf("unknown action %q", form.Action)
	}
	for name, list := range form.Context {
		r.Context[name] = list
	}
	var err error
	if r.Principal, err = l.principal(w, form); err != nil {
		return r, err
	}
	if oneOf(form.Key, form.Role, form.Resource) != 1 {
		return r, errors.New("expected one of key, role and resource")
	}
	if form.Role != "" {
		if r.Role, err = w.Role(form.Role); err != nil {
			return r, err
		}
	}
	if form.Key != "" {
		var named source.Resolution
		if r.Key, named, err = w.Key(form.Key); err != nil {
			return r, err
		}
		if named.Alias != "" {
			r.Context["kms:RequestAlias"] = []string{named.Alias}
		}
	}
	switch {
	case form.Resource == "*":
	case action.IsKMS():
		r.Alias = form.Resource
	default:
		r.Resource = form.Resource
	}
	if form.ViaService != "" {
		r.Context["kms:ViaService"] = []string{form.ViaService}
	}
	if form.Endpoint != "" {
		doc, ok := w.Endpoints[form.Endpoint]
		if !ok {
			return r, fmt.Errorf("there is no endpoint %q", form.Endpoint)
		}
		r.EndpointPolicies = []*policy.Document{doc}
		if _, given := r.Context["aws:SourceVpce"]; !given {
			r.Context["aws:SourceVpce"] = []string{form.Endpoint}
		}
	}
	return r, nil
}

// oneOf counts the texts that are not empty.
func oneOf(texts ...string) int {
	n := 0
	for _, text := range texts {
		if text != "" {
			n++
		}
	}
	return n
}

// webIdentity begins the name of a caller of sts:AssumeRoleWithWebIdentity; the session gives its provider.
const webIdentity = "web-identity/"

// principal finds the caller, in a session of its own if the case has one.
func (l *loader) principal(w *source.World, form requestForm) (*evaluator.Principal, error) {
	if form.Session == nil {
		return w.Principal(form.Principal)
	}
	if name, ok := strings.CutPrefix(form.Principal, webIdentity); ok {
		return source.WebIdentity(form.Session.Provider, name), nil
	}
	s := source.Session{Issuer: form.Session.Issuer, Provider: form.Session.Provider, Tags: maps.Clone(form.Session.Tags)}
	if form.Session.Policy.Kind != 0 {
		doc, err := files.Document(l.file, l.src, &form.Session.Policy, policy.SessionPolicy, "session policy")
		if err != nil {
			return nil, err
		}
		s.HasPolicies, s.Policies = true, []*policy.Document{doc}
	}
	return w.Session(form.Principal, s)
}
