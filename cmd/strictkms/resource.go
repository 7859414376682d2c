package main

import (
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/simulator"
	"github.com/strictkms/strictkms/source"
)

// setResource finds what an action of another service than KMS acts on.
func (p *canParams) setResource(q *simulator.Question, w *source.World, action *policy.Action) error {
	if p.key == "" || p.key == "*" {
		for _, r := range action.Resources {
			if r.Required {
				return fmt.Errorf("%s acts on a %s: name one", action.Name, r.Name)
			}
		}
		return nil
	}
	if action.Service() == "sts" && action.On("role") && !strings.Contains(p.key, ":federated-user/") {
		var err error
		q.Role, err = w.Role(p.key)
		return err
	}
	switch kind, name, _ := strings.Cut(p.key, "/"); {
	case strings.HasPrefix(p.key, "arn:"):
		q.Resource = p.key
	case action.Service() != "iam" || name == "":
		return fmt.Errorf("%s: expected the ARN of what %s acts on", p.key, action.Name)
	default:
		path, last := "/", name
		if at := strings.LastIndex(name, "/"); at >= 0 {
			path, last = "/"+name[:at+1], name[at+1:]
		}
		q.Resource = w.Defaults.IAMARN(w.Defaults.Account, kind, path, last)
	}
	p.describeResource(q, w)
	return nil
}

// describeResource adds what is loaded about the resource: the path of its ARN, when it was named without, and its
// tags. What is not loaded may be about to be made.
func (p *canParams) describeResource(q *simulator.Question, w *source.World) {
	for _, r := range w.Roles {
		arn := w.Defaults.IAMARN(r.Account, "role", r.Path, r.Name)
		if arn == q.Resource || r.Account == w.Defaults.Account && p.key == "role/"+r.Name {
			q.Resource, q.ResourceTags = arn, r.Tags
		}
	}
	for _, u := range w.Users {
		arn := w.Defaults.IAMARN(u.Account, "user", u.Path, u.Name)
		if arn == q.Resource || u.Account == w.Defaults.Account && p.key == "user/"+u.Name {
			q.Resource, q.ResourceTags = arn, u.Tags
		}
	}
}
