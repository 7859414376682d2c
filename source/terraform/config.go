package terraform

import (
	"encoding/json"

	tfjson "github.com/hashicorp/terraform-json"
)

// scope is a module instance with its configuration.
type scope struct {
	// address is that of the module instance, empty for the root module.
	address string
	// key is that of the instance, in brackets, empty for most.
	key    string
	parent *scope
	// call is the module call in the parent, nil for the root module and for what is not in the configuration.
	call   *tfjson.ModuleCall
	module *tfjson.ConfigModule
	// resources are those of the module by address.
	resources map[string]*tfjson.ConfigResource
	// exists is true for a module instance with resources; children are those of the modules that are called here.
	exists   bool
	children map[string][]*scope
}

// readConfig reads the configuration in a plan; a state has none.
func (p *plan) readConfig(s sections) {
	p.variables = p.members(s.variables)
	for name, v := range p.variables {
		p.object(v, "the variable "+name)
	}
	if known := len(p.errors); s.config.IsObject() && p.checkConfig(s.config, known) {
		p.config = &tfjson.Config{}
		if err := json.Unmarshal([]byte(s.config.Raw), p.config); err != nil {
			p.fail(s.config.Index, "invalid-configuration", "the configuration in the plan cannot be read: %s", err)
			p.config = nil
		}
	}
	p.root = &scope{}
	if p.config != nil {
		p.root.module = p.config.RootModule
		markNulls(s.config.Get("root_module"), p.root.module)
	}
	p.root.list()
	p.scopes[""] = p.root
}

// list notes the resources of the module by address.
func (s *scope) list() {
	s.resources, s.children = map[string]*tfjson.ConfigResource{}, map[string][]*scope{}
	if s.module == nil {
		return
	}
	for _, r := range s.module.Resources {
		if r != nil {
			s.resources[r.Address] = r
		}
	}
}

// scopeOf returns the module instance of a resource, however deep it is.
func (p *plan) scopeOf(modules []step) *scope {
	at := p.root
	for i := range modules {
		s := p.child(at, modules[i])
		if !s.exists {
			s.exists = true
			at.children[modules[i].name] = append(at.children[modules[i].name], s)
		}
		at = s
	}
	return at
}

// child returns an instance of a module that is called in another.
func (p *plan) child(parent *scope, name step) *scope {
	address := within(parent.address, "module."+name.String())
	if s := p.scopes[address]; s != nil {
		return s
	}
	s := &scope{address: address, key: name.key, parent: parent}
	if parent.module != nil {
		if s.call = parent.module.ModuleCalls[name.name]; s.call != nil {
			s.module = s.call.Module
		}
	}
	s.list()
	p.scopes[address] = s
	return s
}

// mayHaveNone reports whether a resource of the module is declared to have any number of instances. One that has none all the
// same is not in the plan: it is planned later, or was taken out.
func (s *scope) mayHaveNone(address string) bool {
	r := s.resources[address]
	return r != nil && (r.CountExpression != nil || r.ForEachExpression != nil)
}

// resource returns a resource of the module by its address, nil when the configuration does not have it.
func (s *scope) resource(address string) *tfjson.ConfigResource { return s.resources[address] }
