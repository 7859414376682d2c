package policy

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// catalogueFS says what there is to allow, a file per service; each cites its sources.
//
//go:embed catalogue/*.json
var catalogueFS embed.FS

// catalogueServices are the services of the catalogue by their namespaces: KMS first, so that its actions are in
// the first words of an [ActionSet].
var catalogueServices = []string{kmsService, "cloudformation", "iam", "organizations", "sts"}

// catalogueFile is the form of a file of the catalogue.
type catalogueFile struct {
	KeyGroups map[string][]string `json:"keyGroups"`
	// ResourceTypes are the forms of the ARNs of the types of resource, with ${…} for what varies.
	ResourceTypes map[string]string `json:"resourceTypes"`
	Actions       []struct {
		Name          string            `json:"name"`
		Levels        []string          `json:"levels"`
		Resources     []string          `json:"resources"`
		CrossAccount  bool              `json:"crossAccount"`
		Grantable     bool              `json:"grantable"`
		InKeyPolicy   bool              `json:"inKeyPolicy"`
		Unchecked     bool              `json:"unchecked"`
		Groups        []string          `json:"groups"`
		ConditionKeys []string          `json:"conditionKeys"`
		Defaults      map[string]string `json:"defaults"`
	} `json:"actions"`
	Keys       []catalogueKey `json:"keys"`
	GlobalKeys []catalogueKey `json:"globalKeys"`
}

// catalogueKey is a condition key in the catalogue.
type catalogueKey struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Multivalued bool   `json:"multivalued"`
	IAMOnly     bool   `json:"iamOnly"`
	// From and To are the numbers that ${n} in the name stands for.
	From int `json:"from"`
	To   int `json:"to"`
}

// catalogue is the files of the catalogue made ready for use. It is not changed after it is loaded.
type catalogue struct {
	actions []*Action // by service, KMS first, then by name
	byName  map[string]*Action
	names   []string
	// lowerNames are the names in lower case, in the order of actions.
	lowerNames []string
	services   map[string]serviceActions
	keys       []*ConditionKey
	byKey      map[string]*ConditionKey // folded name
	families   []*ConditionKey          // keys whose name ends with any name
	keyNames   []string
}

// serviceActions are the actions of one service: those from from to before to.
type serviceActions struct {
	from, to int
	set      ActionSet
	// arns are the forms of the ARNs of its types of resource.
	arns map[string]string
}

// theCatalogue is loaded when the program starts: the files are part of the program, so a
// mistake in them is a mistake in the program.
var theCatalogue = mustLoadCatalogue(catalogueFiles()...)

func catalogueFiles() [][]byte {
	var files [][]byte
	for _, service := range catalogueServices {
		src, err := catalogueFS.ReadFile("catalogue/" + service + ".json")
		if err != nil { // a broken build: the files are embedded
			panic(fmt.Errorf("policy: catalogue: %w", err))
		}
		files = append(files, src)
	}
	return files
}

func mustLoadCatalogue(files ...[]byte) *catalogue {
	c, err := loadCatalogue(files...)
	if err != nil {
		panic(fmt.Errorf("policy: catalogue: %w", err))
	}
	return c
}

func loadCatalogue(files ...[]byte) (*catalogue, error) {
	c := &catalogue{byName: map[string]*Action{}, byKey: map[string]*ConditionKey{}, services: map[string]serviceActions{}}
	read := make([]catalogueFile, len(files))
	for i, src := range files {
		if err := json.Unmarshal(src, &read[i]); err != nil {
			return nil, err
		}
		if err := c.addKeys(read[i].Keys, false); err != nil {
			return nil, err
		}
		if err := c.addKeys(read[i].GlobalKeys, true); err != nil {
			return nil, err
		}
	}
	for i := range read { // when all keys are known: services share some
		if err := c.addActions(&read[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// addActions adds the actions of one service.
func (c *catalogue) addActions(file *catalogueFile) error {
	of := serviceActions{from: len(c.actions), arns: file.ResourceTypes}
	service := ""
	for _, a := range file.Actions {
		if len(c.actions) == len(ActionSet{})*wordBits {
			return fmt.Errorf("%s: more than %d actions are too many", a.Name, len(c.actions))
		}
		service, _, _ = strings.Cut(a.Name, ":")
		action := &Action{
			service: service, Name: a.Name, Index: len(c.actions), AccessLevels: a.Levels, CrossAccount: a.CrossAccount,
			Grantable: a.Grantable, InKeyPolicy: a.InKeyPolicy, Unchecked: a.Unchecked, Defaults: a.Defaults,
			populates: map[*ConditionKey]bool{},
		}
		for _, r := range a.Resources {
			name, required := strings.CutSuffix(r, "*")
			action.Resources = append(action.Resources, ResourceType{Name: name, Required: required})
		}
		names := a.ConditionKeys
		for _, group := range a.Groups {
			names = append(names, file.KeyGroups[group]...)
		}
		if err := c.populate(action, names); err != nil {
			return err
		}
		c.actions = append(c.actions, action)
		c.names = append(c.names, a.Name)
		c.lowerNames = append(c.lowerNames, strings.ToLower(a.Name))
		c.byName[a.Name] = action
		c.byName[strings.ToLower(a.Name)] = action
		if service == kmsService {
			c.byName[strings.ToLower(action.Operation())] = action
		}
		of.set.Add(action)
	}
	of.to = len(c.actions)
	c.services[service] = of
	if !slices.IsSorted(c.names[of.from:of.to]) {
		return fmt.Errorf("the %d actions of %s are not sorted", of.to-of.from, service)
	}
	return nil
}

// addKeys adds condition keys, each number of a numbered key by itself.
func (c *catalogue) addKeys(keys []catalogueKey, global bool) error {
	for _, k := range keys {
		t, ok := keyTypes[k.Type]
		if !ok {
			return fmt.Errorf("condition key %s has unknown type %q", k.Name, k.Type)
		}
		from, to := k.From, k.To
		for n := from; n <= to; n++ {
			key := &ConditionKey{
				Name: strings.Replace(k.Name, "${n}", strconv.Itoa(n), 1),
				Type: t, Multivalued: k.Multivalued, IAMOnly: k.IAMOnly, Global: global,
			}
			c.keys = append(c.keys, key)
			c.keyNames = append(c.keyNames, key.Name)
			c.byKey[FoldKey(key.Name)] = key
			if prefix, _, ok := strings.Cut(key.Name, "${"); ok {
				key.prefix = FoldKey(prefix)
				c.families = append(c.families, key)
			}
		}
	}
	return nil
}

// populate notes the condition keys of an action; a name with ${n} means every number.
func (c *catalogue) populate(a *Action, names []string) error {
	for _, name := range names {
		found := false
		before, _, numbered := strings.Cut(name, "${n}")
		for _, key := range c.keys {
			if key.Name == name || numbered && isNumbered(key.Name, before) {
				found = true
				a.ConditionKeys = append(a.ConditionKeys, key.Name)
				a.populates[key] = true
			}
		}
		if !found {
			return fmt.Errorf("action %s has unknown condition key %q", a.Name, name)
		}
	}
	slices.Sort(a.ConditionKeys)
	return nil
}

// isNumbered reports whether the name is the prefix with a number after it.
func isNumbered(name, prefix string) bool {
	digits, ok := strings.CutPrefix(name, prefix)
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}
