package policy

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// catalogueJSON says what there is to allow in AWS KMS; the file cites its sources.
//
//go:embed catalogue.json
var catalogueJSON []byte

// catalogueFile is the form of catalogue.json.
type catalogueFile struct {
	KeyGroups map[string][]string `json:"keyGroups"`
	Actions   []struct {
		Name          string            `json:"name"`
		Levels        []string          `json:"levels"`
		Resources     []string          `json:"resources"`
		CrossAccount  bool              `json:"crossAccount"`
		Grantable     bool              `json:"grantable"`
		InKeyPolicy   bool              `json:"inKeyPolicy"`
		Groups        []string          `json:"groups"`
		ConditionKeys []string          `json:"conditionKeys"`
		Defaults      map[string]string `json:"defaults"`
	} `json:"actions"`
	KMSKeys    []catalogueKey `json:"kmsKeys"`
	GlobalKeys []catalogueKey `json:"globalKeys"`
}

// catalogueKey is a condition key in catalogue.json.
type catalogueKey struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Multivalued bool   `json:"multivalued"`
	IAMOnly     bool   `json:"iamOnly"`
	// From and To are the numbers that ${n} in the name stands for.
	From int `json:"from"`
	To   int `json:"to"`
}

// catalogue is catalogue.json made ready for use. It is not changed after it is loaded.
type catalogue struct {
	actions []*Action // sorted by name
	byName  map[string]*Action
	names   []string
	// lowerNames are the names in lower case, in the order of actions.
	lowerNames []string
	keys       []*ConditionKey
	byKey      map[string]*ConditionKey // folded name
	families   []*ConditionKey          // keys whose name ends with any name
	keyNames   []string
}

// theCatalogue is loaded when the program starts: the file is part of the program, so a
// mistake in it is a mistake in the program.
var theCatalogue = mustLoadCatalogue(catalogueJSON)

func mustLoadCatalogue(src []byte) *catalogue {
	c, err := loadCatalogue(src)
	if err != nil {
		panic(fmt.Errorf("policy: catalogue.json: %w", err))
	}
	return c
}

func loadCatalogue(src []byte) (*catalogue, error) {
	var file catalogueFile
	if err := json.Unmarshal(src, &file); err != nil {
		return nil, err
	}
	c := &catalogue{byName: map[string]*Action{}, byKey: map[string]*ConditionKey{}}
	if err := c.addKeys(file.KMSKeys, false); err != nil {
		return nil, err
	}
	if err := c.addKeys(file.GlobalKeys, true); err != nil {
		return nil, err
	}
	for i, a := range file.Actions {
		action := &Action{
			Name: a.Name, Index: i, AccessLevels: a.Levels, CrossAccount: a.CrossAccount,
			Grantable: a.Grantable, InKeyPolicy: a.InKeyPolicy, Defaults: a.Defaults,
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
			return nil, err
		}
		c.actions = append(c.actions, action)
		c.names = append(c.names, a.Name)
		c.lowerNames = append(c.lowerNames, strings.ToLower(a.Name))
		c.byName[a.Name] = action
		c.byName[strings.ToLower(a.Name)] = action
		c.byName[strings.ToLower(action.Operation())] = action
	}
	if !slices.IsSorted(c.names) || len(c.names) > len(ActionSet{})*64 {
		return nil, fmt.Errorf("%d actions are too many or not sorted", len(c.names))
	}
	return c, nil
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
