package inline

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/strictkms/strictkms/policy"
)

// document reads a policy: an object, or a text that holds its JSON. The path names it in
// positions and in explanations. It is nil when the policy has errors.
func (r *reader) document(kind policy.Kind, path string, v gjson.Result) *policy.Document {
	return r.namedDocument(kind, path, path, v)
}

func (r *reader) namedDocument(kind policy.Kind, path, name string, v gjson.Result, options ...policy.Option) *policy.Document {
	src := v.Raw
	switch {
	case v.Type == gjson.String:
		src = v.Str
	case !v.IsObject():
		r.wrongType(path, v, "a policy: an object or a string that holds its JSON")
		return nil
	}
	options = append(options, policy.WithFile(r.name+", "+path))
	doc, diags := policy.Parse(kind, name, []byte(src), options...)
	r.diags = append(r.diags, diags...)
	return doc
}

// policies reads a list of policies. It is not nil, even when the list is empty.
func (r *reader) policies(kind policy.Kind, path string, v gjson.Result) []*policy.Document {
	docs := []*policy.Document{}
	r.items(path, v, func(path string, item gjson.Result) {
		docs = append(docs, r.document(kind, path, item))
	})
	return docs
}

// levels reads the policies of an organization by level. A level without policies is kept.
func (r *reader) levels(kind policy.Kind, path string, v gjson.Result) [][]*policy.Document {
	var levels [][]*policy.Document
	r.items(path, v, func(path string, item gjson.Result) {
		levels = append(levels, r.policies(kind, path, item))
	})
	return levels
}

// identityPolicies reads policies with or without a name. What has a member "policy" has a name; a
// policy document has no such element.
func (r *reader) identityPolicies(v gjson.Result) []*policy.Document {
	var docs []*policy.Document
	r.items("identityPolicies", v, func(path string, item gjson.Result) {
		if !item.IsObject() || !item.Get("policy").Exists() {
			docs = append(docs, r.document(policy.IdentityPolicy, path, item))
			return
		}
		docs = append(docs, r.identityPolicy(path, item))
	})
	return docs
}

// identityPolicy reads {"name", "policy"}.
func (r *reader) identityPolicy(path string, item gjson.Result) *policy.Document {
	name := path
	var value gjson.Result
	r.object(item, path, map[string]func(gjson.Result){
		"name":   func(v gjson.Result) { name = r.str(path+".name", v) },
		"policy": func(v gjson.Result) { value = v },
	})
	if !value.Exists() {
		r.fail(codeMissingMember, item.Index, "%s has no policy", path)
		return nil
	}
	var options []policy.Option
	if strings.HasPrefix(name, "arn:") {
		options = append(options, policy.WithARN(name))
	}
	return r.namedDocument(policy.IdentityPolicy, path, name, value, options...)
}

// endpointPolicies reads the policies of the VPC endpoint. An empty list is a request through none.
func (l *lineForm) endpointPolicies(v gjson.Result) []*policy.Document {
	if docs := l.policies(policy.VPCEndpointPolicy, "vpcEndpointPolicies", v); len(docs) > 0 {
		return docs
	}
	return nil
}
