package terraform

import (
	"encoding/json"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/tidwall/gjson"
)

// plan is one of the two worlds of a plan, or the one of a state.
type plan struct {
	*document
	opts Options
	// order are the resource instances that exist, in the order of the file.
	order     []*resource
	byAddress map[string]*resource
	// instances are the instances of a resource by its address without key, with its module.
	instances map[string][]*resource
	// replaced are the former states of what is changed, replaced or destroyed.
	replaced []*resource

	config    *tfjson.Config
	root      *scope
	scopes    map[string]*scope
	variables map[string]gjson.Result
	places    map[string]*place
}

// resource is an instance of a resource or of a data source.
type resource struct {
	address
	p *plan
	// id is the whole address, as Terraform writes it.
	id     string
	offset int
	place  int // in the order of the plan
	// known and later are what is planned, or is there, and what is known after apply.
	known, later gjson.Result
	merged       *value

	scope *scope
	// config is the resource in the configuration; nil in a state, and for what has left the configuration.
	config *tfjson.ConfigResource
	// called is the name in AWS, see resource.calledAs.
	called string
	naming bool
	// depends are what it depends on directly, when that was asked, see plan.dependencies.
	depends                 []*resource
	dependsKnown, dependsOK bool
}

// plan reads a plan or a state. There are errors when it could not be read.
func (d *document) plan(opts Options) *plan {
	p := &plan{
		document: d, opts: opts, byAddress: map[string]*resource{}, instances: map[string][]*resource{},
		scopes: map[string]*scope{}, places: map[string]*place{},
	}
	s, ok := d.sections()
	if !ok {
		return nil
	}
	p.readConfig(s)
	if s.state.Exists() { // a state
		if opts.Before {
			d.fail(0, "not-a-plan", "a state has no changes: there is no world before them")
		}
		p.stateModule(p.object(s.state, "values")["root_module"])
	} else {
		p.stateModule(p.object(p.object(s.prior, "prior_state")["values"], "values")["root_module"])
		p.changes(s.changes)
		p.deferred(s.deferred)
	}
	p.index()
	return p
}

// stateModule adds the resources of a module of a state, and of the modules in it.
func (p *plan) stateModule(m gjson.Result) {
	members := p.object(m, "a module")
	p.each(members["resources"], "resources", func(r gjson.Result) {
		parts := p.members(r)
		instance := p.instance(r, parts)
		if instance == nil || p.text(parts["deposed_key"], "deposed_key") != "" {
			return // what a replacement that failed has left behind has another object in its place
		}
		instance.known = parts["values"]
		p.object(instance.known, "the values of "+instance.id)
		p.mustExist(instance.known, "the values of "+instance.id, instance)
		p.put(instance)
	})
	p.each(members["child_modules"], "child_modules", p.stateModule)
}

// each calls do for the elements of a list, and reports anything else.
func (p *plan) each(r gjson.Result, what string, do func(gjson.Result)) {
	if !r.Exists() || r.Type == gjson.Null {
		return
	}
	if !r.IsArray() {
		p.wrongType(r, what, "an array")
		return
	}
	r.ForEach(func(_, item gjson.Result) bool {
		if !item.IsObject() {
			p.wrongType(item, "an element of "+what, "an object")
			return true
		}
		do(item)
		return true
	})
}

// instance makes a resource of its parts; nil, with an error, when it has no address.
func (p *plan) instance(r gjson.Result, parts map[string]gjson.Result) *resource {
	text := parts["address"]
	if text.Type != gjson.String {
		p.fail(max(text.Index, r.Index), "missing-address", "expected a resource with an address, a string")
		return nil
	}
	id := textOf(text)
	a, ok := parseAddress(id)
	if !ok {
		p.fail(text.Index, "invalid-address", "%s is no address of a resource: expected for example module.a.aws_kms_key.main[0]", quote(id))
		return nil
	}
	return &resource{p: p, address: a, id: id, offset: r.Index}
}

// mustExist reports that nothing is said about a resource that is read.
func (p *plan) mustExist(values gjson.Result, what string, r *resource) {
	if isNothing(values) && isRead(r.address) {
		p.fail(max(values.Index, r.offset), "wrong-type", "expected %s as an object, found nothing", what)
	}
}

// put adds a resource, instead of one that has the address.
func (p *plan) put(r *resource) {
	if before := p.byAddress[r.id]; before != nil {
		r.place = before.place
		p.order[r.place] = r
	} else {
		r.place = len(p.order)
		p.order = append(p.order, r)
	}
	p.byAddress[r.id] = r
}

// remove takes a resource away.
func (p *plan) remove(id string) {
	if r := p.byAddress[id]; r != nil {
		delete(p.byAddress, id)
		p.order[r.place] = nil
	}
}

// changes applies what is planned to the state before it.
func (p *plan) changes(list gjson.Result) {
	p.each(list, "resource_changes", func(r gjson.Result) {
		parts := p.members(r)
		instance := p.instance(r, parts)
		if instance == nil || p.text(parts["deposed"], "deposed") != "" {
			return // what a replacement that failed has left behind has another object in its place
		}
		change := p.object(parts["change"], "the change of "+instance.id)
		if isNothing(parts["change"]) {
			p.fail(r.Index, "missing-change", "expected the change of %s, an object", instance.id)
			return
		}
		if change == nil {
			return
		}
		var actions tfjson.Actions
		if err := json.Unmarshal([]byte(change["actions"].Raw), &actions); err != nil || !knownActions(actions) {
			p.fail(max(change["actions"].Index, r.Index), "unknown-action",
				"the actions of %s are not known: expected create, read, update, delete, no-op, forget, or two of them", instance.id)
			return
		}
		for _, side := range []string{"before", "after"} {
			p.object(change[side], side+" of "+instance.id)
		}
		p.change(instance, p.text(parts["previous_address"], "previous_address"), actions, change)
	})
}

// knownActions reports whether actions are those that a change of a resource can have.
func knownActions(a tfjson.Actions) bool {
	return a.NoOp() || a.Create() || a.Read() || a.Update() || a.Delete() || a.Replace() || a.Forget() ||
		slices.Equal(a, tfjson.Actions{tfjson.ActionCreate, tfjson.ActionForget})
}

// change applies one change.
func (p *plan) change(r *resource, previous string, actions tfjson.Actions, change map[string]gjson.Result) {
	before, after := change["before"], change["after"]
	if p.opts.Before {
		switch {
		case actions.Create(), actions.Read(), !before.IsObject():
			return // what is there already is in the state before the plan
		case p.byAddress[r.id] == nil && (previous == "" || p.byAddress[previous] == nil):
			r.known = before
			p.put(r)
		}
		return
	}
	if before.IsObject() && !actions.NoOp() {
		former := *r
		former.known = before
		p.replaced = append(p.replaced, &former)
	}
	if previous != "" && previous != r.id {
		p.remove(previous)
	}
	switch {
	case actions.Delete():
		p.remove(r.id)
		return
	case actions.Forget(): // it leaves the state and stays in AWS
		r.known = before
		p.mustExist(before, "what "+r.id+" is before", r)
	default:
		r.known, r.later = after, change["after_unknown"]
		p.mustExist(after, "what is planned for "+r.id, r)
	}
	p.put(r)
}

// deferred reports changes that this plan leaves for later (Terraform's experiment "deferred actions").
func (p *plan) deferred(list gjson.Result) {
	p.each(list, "deferred_changes", func(r gjson.Result) {
		text := p.object(r.Get("resource_change"), "resource_change")["address"]
		p.text(text, "address")
		if a, ok := parseAddress(textOf(text)); ok && !a.data && ours(a.typ) {
			p.warn(text.Index, "deferred-change", "%s is to be planned later: what becomes of it is not known, it is taken as it is now", text.Str)
		}
	})
}

// index completes the resources with their configuration.
func (p *plan) index() {
	p.order = slices.DeleteFunc(p.order, func(r *resource) bool { return r == nil })
	for _, r := range slices.Concat(p.order, p.replaced) {
		p.checkShape(r)
		r.scope = p.scopeOf(r.modules)
		r.config = r.scope.resource(r.resource())
	}
	for _, r := range p.order {
		key := within(r.module(), r.resource())
		p.instances[key] = append(p.instances[key], r)
	}
}

// values returns what is known about the resource.
func (r *resource) values() value {
	if r.merged == nil {
		v := r.p.merge(r.known, r.later)
		if v.kind != mapValue {
			v = value{kind: mapValue, offset: r.offset}
		}
		r.merged = &v
	}
	return *r.merged
}

// get returns an argument or attribute.
func (r *resource) get(name string) value {
	v := r.values().get(name)
	if v.kind == noValue && v.offset == r.merged.offset {
		v.offset = r.offset
	}
	return v
}

// expression is an argument in the configuration, nil when it is not there.
func (r *resource) expression(name string) *tfjson.Expression {
	if r.config == nil {
		return nil
	}
	e := r.config.Expressions[name]
	if e == nil || e.ExpressionData == nil {
		return nil
	}
	return e
}

// ours reports whether a type of resource is one of KMS or IAM.
func ours(typ string) bool {
	return strings.HasPrefix(typ, "aws_kms_") || strings.HasPrefix(typ, "aws_iam_")
}
