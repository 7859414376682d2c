package cloudformation

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/source/cloudformation"
)

// maxTemplateBody is 51,200 bytes
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html, Template body size in a request).
const maxTemplateBody = 51_200

// checkBody returns the template of a request.
func checkBody(body, url *string) (string, error) {
	switch {
	case body != nil && url != nil:
		return "", invalid("Only one of TemplateBody or TemplateUrl may be specified.")
	case url != nil:
		return "", invalid("TemplateURL must reference a valid S3 object to which you have access.")
	case body == nil:
		return "", invalid("Either Template URL or Template Body must be specified.")
	case len(*body) > maxTemplateBody:
		return "", invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", maxTemplateBody)
	default:
		return *body, nil
	}
}

var quotedName = regexp.MustCompile(`"([^"]+)"`)

// templateError words the first mistake in a template as AWS does, where AWS's words are known.
func templateError(err error) error {
	found, ok := errors.AsType[policy.Diagnostics](err)
	if !ok || len(found) == 0 {
		return err
	}
	d := found[0]
	at := ""
	if d.Pos.Line > 0 {
		at = " (" + d.Pos.String() + ")"
	}
	switch name := quotedName.FindStringSubmatch(d.Message); {
	case d.Code == "unknown-reference" && name != nil:
		return invalid("Template format error: Unresolved resource dependencies [%s] in the Resources block of the template", name[1])
	case d.Code == "cyclic-reference":
		if _, circle, ok := strings.Cut(d.Message, "in a circle: "); ok {
			names := strings.Split(circle, " → ")
			slices.Sort(names)
			return invalid("Circular dependency between resources: [%s]", strings.Join(slices.Compact(names), ", "))
		}
	case d.Code == "not-a-template" && strings.Contains(d.Message, "Resources is missing"):
		return invalid("Template format error: At least one Resources member must be defined.")
	case d.Code == "not-a-template":
		return invalid("Template format error: unsupported structure.")
	case d.Code == "invalid-parameter":
		return invalid("%s", strings.ToUpper(d.Message[:1])+d.Message[1:])
	case d.Code == "unknown-export":
		return invalid("%s", d.Message)
	}
	return invalid("Template format error: %s%s", d.Message, at)
}

// outline reads a template without its parameters, and refuses types of resources that cannot be made.
func outline(body string) (*cloudformation.Template, error) {
	t, err := cloudformation.Outline([]byte(body))
	if err != nil {
		return nil, templateError(err)
	}
	if len(t.Types()) == 0 {
		return nil, invalid("Template format error: At least one Resources member must be defined.")
	}
	unknown := slices.DeleteFunc(t.Types(), func(typ string) bool { return kinds[typ] != nil })
	if len(unknown) > 0 {
		return nil, invalid("Template format error: Unrecognized resource types: [%s]", strings.Join(unknown, ", "))
	}
	for _, r := range t.Resources() {
		for attribute, name := range map[string]string{"DeletionPolicy": r.DeletionPolicy, "UpdateReplacePolicy": r.UpdateReplacePolicy} {
			ok := name == "Delete" || name == "Retain" || name == "RetainExceptOnCreate" && attribute == "DeletionPolicy"
			if !ok {
				return nil, invalid("Template error: resource type %s does not support %s %s", r.Type, attribute, name)
			}
		}
	}
	return t, nil
}

// The capabilities that a template can need
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html#using-iam-capabilities).
const (
	capabilityIAM   = "CAPABILITY_IAM"
	capabilityNamed = "CAPABILITY_NAMED_IAM"
)

// capabilities are what whoever uses a template must acknowledge, and the types that are the reason.
func capabilities(t *cloudformation.Template) (needed []string, types []string) {
	found := map[string]bool{}
	named := false
	for _, r := range t.Resources() {
		k := kinds[r.Type]
		if k == nil || !k.iam {
			continue
		}
		found[r.Type] = true
		named = named || k.name != "" && t.Has(r.LogicalID, k.name)
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case named:
		needed = []string{capabilityNamed}
	default:
		needed = []string{capabilityIAM}
	}
	return needed, slices.Sorted(maps.Keys(found))
}

// checkCapabilities refuses a template with effects that the caller has not acknowledged.
func checkCapabilities(t *cloudformation.Template, given []string) error {
	needed, _ := capabilities(t)
	if len(needed) == 0 || slices.Contains(given, capabilityNamed) || needed[0] == capabilityIAM && slices.Contains(given, capabilityIAM) {
		return nil
	}
	return operation.Errorf(codeInsufficientCapabilities, "Requires capabilities : [%s]", needed[0])
}

// parameterInput is a parameter of a request. The value may be a secret: as in AWS CloudTrail, the decision log, which
// goes by the tags for JSON, has the key only
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-api-logging-cloudtrail.html).
type parameterInput struct {
	ParameterKey     *string
	ParameterValue   *string `json:"-"`
	UsePreviousValue *bool
	ResolvedValue    *string `json:"-"`
}

// parametersOf gives the parameters of a template their values: those of the request, of the stack, or the defaults.
func parametersOf(t *cloudformation.Template, given []parameterInput, before []parameterRecord) ([]parameterRecord, error) {
	values := map[string]*parameterInput{}
	for i := range given {
		values[value(given[i].ParameterKey, "")] = &given[i]
	}
	var out []parameterRecord
	var missing []string
	for _, p := range t.Parameters() {
		in := values[p.Name]
		delete(values, p.Name)
		old := slices.IndexFunc(before, func(r parameterRecord) bool { return r.Key == p.Name })
		record := parameterRecord{Key: p.Name, NoEcho: p.NoEcho}
		switch {
		case in != nil && value(in.UsePreviousValue, false):
			if old < 0 {
				return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter "+
					"key not in the previous template", p.Name)
			}
			record.Value = before[old].Value
		case in != nil && in.ParameterValue != nil:
			record.Value = *in.ParameterValue
		case p.Default != nil:
			record.Value = *p.Default
		default:
			missing = append(missing, p.Name)
		}
		out = append(out, record)
	}
	switch {
	case len(values) > 0:
		return nil, invalid("Parameters: [%s] do not exist in the template", strings.Join(slices.Sorted(maps.Keys(values)), ", "))
	case len(missing) > 0:
		return nil, invalid("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	return out, nil
}

var templateOperations = []operationOf{
	answers("ValidateTemplate", validateTemplate),
	answers("GetTemplateSummary", getTemplateSummary),
	answers("GetTemplate", getTemplate),
}

type validateTemplateInput struct {
	TemplateBody *string `cfn:"min=1" json:"-"`
	TemplateURL  *string `cfn:"min=1,max=5120"`
}

type validateTemplateOutput struct {
	Parameters         []templateParameter
	Description        string
	Capabilities       []string
	CapabilitiesReason string
}

type templateParameter struct {
	ParameterKey string
	DefaultValue *string
	NoEcho       bool
	Description  string
}

func validateTemplate(c *call, in *validateTemplateInput) (*validateTemplateOutput, error) {
	if err := c.authorize("ValidateTemplate", everything, templateURL(in.TemplateURL)); err != nil {
		return nil, err
	}
	body, err := checkBody(in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	t, err := outline(body)
	if err != nil {
		return nil, err
	}
	out := &validateTemplateOutput{Description: t.Description(), Parameters: []templateParameter{}}
	out.Capabilities, out.CapabilitiesReason = describeCapabilities(t)
	for _, p := range t.Parameters() {
		out.Parameters = append(out.Parameters, templateParameter{p.Name, p.Default, p.NoEcho, p.Description})
	}
	return out, nil
}

func describeCapabilities(t *cloudformation.Template) (needed []string, reason string) {
	needed, types := capabilities(t)
	if len(types) > 0 {
		reason = "The following resource(s) require capabilities: [" + strings.Join(types, ", ") + "]"
	}
	return needed, reason
}

type getTemplateSummaryInput struct {
	TemplateBody          *string `cfn:"min=1" json:"-"`
	TemplateURL           *string `cfn:"min=1,max=5120"`
	StackName             *string `cfn:"min=1,pattern=stack"`
	StackSetName          *string `cfn:"pattern=stackSet"`
	CallAs                *string `cfn:"enum=CallAs"`
	TemplateSummaryConfig *struct{ TreatUnrecognizedResourceTypesAsWarnings *bool }
}

type getTemplateSummaryOutput struct {
	Parameters         []parameterDeclaration
	Description        string
	Capabilities       []string
	CapabilitiesReason string
	ResourceTypes      []string
	Version            string
}

type parameterDeclaration struct {
	ParameterKey         string
	DefaultValue         *string
	ParameterType        string
	NoEcho               bool
	Description          string
	ParameterConstraints struct{ AllowedValues []string }
}

func getTemplateSummary(c *call, in *getTemplateSummaryInput) (*getTemplateSummaryOutput, error) {
	if in.StackSetName != nil {
		return nil, notSupported("StackSetName")
	}
	var body string
	if in.StackName != nil {
		s, err := c.existing("GetTemplateSummary", *in.StackName, "Stack with id %s does not exist")
		if err != nil {
			return nil, err
		}
		body = s.Template
	} else {
		err := c.authorize("GetTemplateSummary", everything, templateURL(in.TemplateURL))
		if err != nil {
			return nil, err
		}
		if body, err = checkBody(in.TemplateBody, in.TemplateURL); err != nil {
			return nil, err
		}
	}
	t, err := outline(body)
	if err != nil {
		return nil, err
	}
	out := &getTemplateSummaryOutput{
		Description: t.Description(), ResourceTypes: t.Types(), Parameters: []parameterDeclaration{}, Version: "2010-09-09",
	}
	out.Capabilities, out.CapabilitiesReason = describeCapabilities(t)
	for _, p := range t.Parameters() {
		declared := parameterDeclaration{
			ParameterKey: p.Name, DefaultValue: p.Default, ParameterType: p.Type, NoEcho: p.NoEcho, Description: p.Description,
		}
		declared.ParameterConstraints.AllowedValues = p.AllowedValues
		out.Parameters = append(out.Parameters, declared)
	}
	return out, nil
}

type getTemplateInput struct {
	StackName     *string
	ChangeSetName *string `cfn:"min=1,max=1600,pattern=changeSetOrID"`
	TemplateStage *string `cfn:"enum=TemplateStage"`
}

type getTemplateOutput struct {
	TemplateBody    string
	StagesAvailable []string
}

func getTemplate(c *call, in *getTemplateInput) (*getTemplateOutput, error) {
	out := &getTemplateOutput{StagesAvailable: []string{"Original", "Processed"}}
	if in.ChangeSetName != nil {
		_, set, err := c.changeSet("GetTemplate", in.StackName, *in.ChangeSetName)
		if err != nil {
			return nil, err
		}
		out.TemplateBody = set.Template
		return out, nil
	}
	if in.StackName == nil {
		return nil, invalid("StackName is required if ChangeSetName is not specified.")
	}
	s, err := c.existing("GetTemplate", *in.StackName, "Stack with id %s does not exist")
	if err != nil {
		return nil, err
	}
	out.TemplateBody = s.Template
	return out, nil
}

// resolveProperties resolves the properties of a resource, gives it the tags of the stack, and checks their names.
// unknown is not empty when a part cannot be known yet.
func (w *work) resolveProperties(id, typ string) (text json.RawMessage, unknown string, err error) {
	text, unknown, err = w.template.Properties(id)
	if err != nil {
		return nil, "", templateError(err)
	}
	k := kinds[typ]
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(text, &properties); err != nil { // a value that is unknown as a whole
		return text, unknown, nil //nolint:nilerr // unknown says it
	}
	if err := k.check(id, properties); err != nil {
		return nil, unknown, err
	}
	if len(w.stack.Tags) > 0 && slices.Contains(k.known, "Tags") {
		if properties["Tags"], err = withStackTags(properties["Tags"], w.stack.Tags); err != nil {
			return nil, unknown, err
		}
		text, err = json.Marshal(properties)
	}
	return text, unknown, err
}

// withStackTags adds the tags of a stack to those of a resource, which go before them
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html).
func withStackTags(own json.RawMessage, tags []tagRecord) (json.RawMessage, error) {
	var list []tagRecord
	if own != nil {
		if err := json.Unmarshal(own, &list); err != nil {
			return nil, badProperty("Properties validation failed: [#/Tags: expected type: JSONArray]")
		}
	}
	for _, t := range tags {
		if !slices.ContainsFunc(list, func(other tagRecord) bool { return other.Key == t.Key }) {
			list = append(list, t)
		}
	}
	return json.Marshal(list)
}
