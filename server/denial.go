package server

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/evaluator"
	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/enforce"
)

// DenialHeader is the header of a denied call with its encoded authorization message, for
// sts:DecodeAuthorizationMessage. AWS has such messages in the errors of Amazon EC2 and others
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html); here every denial has one.
const DenialHeader = "X-Strictkms-Authorization-Message"

// maxDenial is how long the header may be: clients take no more than 8 KiB or 16 KiB of all headers.
const maxDenial = 4 << 10

// Encoder encodes what a caller may be told about a denial, if it may call sts:DecodeAuthorizationMessage.
type Encoder interface {
	// Encode encodes a JSON document for callers of an account.
	Encode(account string, text []byte) (string, error)
}

// explainDenial gives the answer to a denied call its encoded message. A call that was denied is answered as such also
// when the message does not fit.
func (x *exchange) explainDenial(err error) {
	if x.server.config.Messages == nil || x.call == nil || !isDenial(err) {
		return
	}
	decisions := x.call.Decisions()
	for i := range decisions {
		if decisions[i].Passed {
			continue
		}
		text, err := json.Marshal(newDenial(x.call, &decisions[i]))
		if err != nil {
			return
		}
		message, err := x.server.config.Messages.Encode(x.caller.account, text)
		if err == nil && len(message) <= maxDenial {
			x.w.Header()[DenialHeader] = []string{message}
		}
		return
	}
}

func isDenial(err error) bool {
	if e, ok := errors.AsType[*kms.Error](err); ok {
		return e.Code == kms.CodeAccessDenied
	}
	e, ok := errors.AsType[*operation.Error](err)
	return ok && e.Code == operation.CodeAccessDenied
}

// denial is a decoded authorization message, with AWS's names.
type denial struct {
	Allowed           bool                   `json:"allowed"`
	ExplicitDeny      bool                   `json:"explicitDeny"`
	MatchedStatements items[deniedStatement] `json:"matchedStatements"`
	Failures          items[string]          `json:"failures"`
	Context           denialContext          `json:"context"`
}

type items[T any] struct {
	Items []T `json:"items"`
}

type deniedStatement struct {
	StatementID string `json:"statementId"`
	Effect      string `json:"effect"`
	Policy      string `json:"policy"`
}

type denialContext struct {
	Principal struct {
		ID   string `json:"id"`
		Name string `json:"name,omitempty"`
		ARN  string `json:"arn"`
	} `json:"principal"`
	Action     string                 `json:"action"`
	Resource   string                 `json:"resource"`
	Conditions items[deniedCondition] `json:"conditions"`
}

type deniedCondition struct {
	Key    string             `json:"key"`
	Values items[deniedValue] `json:"values"`
}

type deniedValue struct {
	Value string `json:"value"`
}

func newDenial(call *enforce.Call, d *enforce.Decision) *denial {
	out := &denial{ExplicitDeny: d.Answer.Reason == "explicit-deny"}
	out.MatchedStatements.Items, out.Failures.Items = []deniedStatement{}, []string{}
	layers := d.Answer.Layers
	if p, arn := call.Caller(), resource(d); p == nil || arn.Account != "" && arn.Account != p.Account {
		layers = nil // the policies of another account are not told about
	}
	for _, layer := range layers {
		for i := range layer.Statements {
			if s := &layer.Statements[i]; s.Matched {
				out.MatchedStatements.Items = append(out.MatchedStatements.Items,
					deniedStatement{StatementID: s.Sid, Effect: strings.ToUpper(s.Effect), Policy: s.Policy})
			}
		}
	}
	c := &out.Context
	if p := call.Caller(); p != nil {
		c.Principal.ID, c.Principal.Name, c.Principal.ARN = p.UniqueID, p.Name, p.ARN
	}
	c.Action, c.Resource = d.Request.Action, d.Request.Acted()
	c.Conditions.Items = conditionsOf(d.Request.Context)
	return out
}

func resource(d *enforce.Decision) policy.ARN {
	arn, _ := policy.ParseARN(d.Request.Acted())
	return arn
}

// conditionsOf are the condition keys of a request, by name.
func conditionsOf(context evaluator.Context) []deniedCondition {
	out := []deniedCondition{}
	for _, key := range slices.Sorted(maps.Keys(context)) {
		condition := deniedCondition{Key: key}
		for _, value := range context[key] {
			condition.Values.Items = append(condition.Values.Items, deniedValue{value})
		}
		out = append(out, condition)
	}
	return out
}
