package trail

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/strictkms/strictkms/iam"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
)

// record is one line. The members and their order are those of CloudTrail; version 1.11 is the first with
// additionalEventData.keyMaterialId.
type record struct {
	EventVersion        string         `json:"eventVersion"`
	UserIdentity        *identity      `json:"userIdentity"`
	EventTime           string         `json:"eventTime"`
	EventSource         string         `json:"eventSource"`
	EventName           string         `json:"eventName"`
	AWSRegion           string         `json:"awsRegion"`
	SourceIPAddress     string         `json:"sourceIPAddress"`
	UserAgent           string         `json:"userAgent"`
	ErrorCode           string         `json:"errorCode,omitempty"`
	ErrorMessage        string         `json:"errorMessage,omitempty"`
	RequestParameters   map[string]any `json:"requestParameters"`
	ResponseElements    map[string]any `json:"responseElements"`
	AdditionalEventData map[string]any `json:"additionalEventData,omitempty"`
	RequestID           string         `json:"requestID"`
	EventID             string         `json:"eventID"`
	ReadOnly            bool           `json:"readOnly"`
	Resources           []resource     `json:"resources,omitzero"`
	EventType           string         `json:"eventType"`
	ManagementEvent     bool           `json:"managementEvent"`
	RecipientAccountID  string         `json:"recipientAccountId,omitempty"`
	SharedEventID       string         `json:"sharedEventID,omitempty"`
	VPCEndpointID       string         `json:"vpcEndpointId,omitempty"`
	EventCategory       string         `json:"eventCategory"`
	TLSDetails          *tlsDetails    `json:"tlsDetails,omitempty"`
	StrictKMS           ours           `json:"strictkms"`
}

// resource is a key or an alias; AWS gives aliases the type of keys.
type resource struct {
	AccountID string `json:"accountId"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

type tlsDetails struct {
	TLSVersion               string `json:"tlsVersion"`
	CipherSuite              string `json:"cipherSuite"`
	ClientProvidedHostHeader string `json:"clientProvidedHostHeader,omitempty"`
}

// line is the record as it is written.
func (r *record) line() ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// newRecords makes the lines of a call: that of the caller's account, one for another Region in which it changed something,
// and one for each other account whose key was used. A call across accounts that was denied is not told to the owner
// (https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html).
func newRecords(e *Entry) []*record {
	r := newRecord(e)
	records := []*record{r}
	if other := elsewhere(e, r); other != nil {
		return append(records, other) // of keys of the caller's own account
	}
	caller := e.Call.Caller()
	if caller == nil || caller.Account == "" || r.ErrorCode == accessDenied {
		return records
	}
	for _, owner := range owners(r.Resources) {
		if owner == caller.Account {
			continue
		}
		if r.SharedEventID == "" {
			r.SharedEventID = uuid.NewString()
		}
		theirs := *r
		theirs.EventID = eventID(e, owner)
		theirs.RecipientAccountID = owner
		theirs.UserIdentity = foreignIdentity(e)
		records = append(records, &theirs)
	}
	return records
}

// owners are the accounts of resources, each once.
func owners(resources []resource) []string {
	var accounts []string
	for _, r := range resources {
		if !slices.Contains(accounts, r.AccountID) {
			accounts = append(accounts, r.AccountID)
		}
	}
	return accounts
}

// eventTime is the form of CloudTrail's times.
const eventTime = "2006-01-02T15:04:05Z"

func newRecord(e *Entry) *record {
	c := e.Call.Connection()
	r := &record{
		EventVersion: "1.11", UserIdentity: newIdentity(e), EventTime: c.Time.UTC().Format(eventTime),
		EventSource: source(e), EventName: e.Operation, AWSRegion: c.Region, UserAgent: c.UserAgent,
		RequestParameters: requestParameters(e), ResponseElements: responseElements(e),
		AdditionalEventData: additional(e), RequestID: c.RequestID,
		ReadOnly: isRead(e), Resources: resources(e), EventType: "AwsApiCall", ManagementEvent: true,
		EventCategory: "Management", StrictKMS: newOurs(e),
	}
	if c.SourceIP.IsValid() {
		r.SourceIPAddress = c.SourceIP.Unmap().String()
	}
	if p := c.Principal; p != nil && p.Type == iam.ServicePrincipal {
		r.SourceIPAddress, r.UserAgent = p.ARN, p.ARN
	} else if c.Endpoint != nil {
		r.VPCEndpointID = c.Endpoint.ID
	}
	r.ErrorCode, r.ErrorMessage = eventError(e)
	r.RecipientAccountID = recipient(e, r.Resources)
	r.EventID = eventID(e, r.RecipientAccountID)
	if e.TLS != nil {
		r.TLSDetails = &tlsDetails{
			TLSVersion:  strings.Replace(tls.VersionName(e.TLS.Version), "TLS ", "TLSv", 1),
			CipherSuite: tls.CipherSuiteName(e.TLS.CipherSuite), ClientProvidedHostHeader: e.Host,
		}
	}
	return r
}

// eventID is the id of the record for an account. That of a use of a key is the one that GetKeyLastUsage tells; a stack
// makes several calls of others with one request.
func eventID(e *Entry, account string) string {
	if id := e.Call.Connection().RequestID; e.Service == nil && id != "" && kms.IsUse(e.Operation) {
		return kms.EventID(id, account)
	}
	return uuid.NewString()
}

// recipient is the account that the record is for: the caller's, or for a service that of the key.
func recipient(e *Entry, resources []resource) string {
	if p := e.Call.Caller(); p != nil && p.Account != "" {
		return p.Account
	}
	if len(resources) > 0 {
		return resources[0].AccountID
	}
	return ""
}

// accessDenied is how CloudTrail calls AccessDeniedException.
const accessDenied = "AccessDenied"

// errorOf returns what the record says about an error. What went wrong inside is not for the log's readers.
func errorOf(err error) (code, message string) {
	if err == nil {
		return "", ""
	}
	if e, ok := errors.AsType[*kms.Error](err); ok {
		if e.Code == kms.CodeAccessDenied {
			return accessDenied, e.Message
		}
		return e.Code, e.Message
	}
	if e, ok := errors.AsType[interface {
		error
		ErrorCode() string
		ErrorMessage() string
	}](err); ok {
		return e.ErrorCode(), e.ErrorMessage()
	}
	return kms.CodeInternal, ""
}

// resources are the aliases and keys of the call, each once, in the order in which they came up. Those of another Region are
// not told (https://docs.aws.amazon.com/kms/latest/developerguide/ct-update-primary-region.html).
func resources(e *Entry) []resource {
	out := append([]resource{}, roles(e)...)
	add := func(arn string) {
		parsed, ok := policy.ParseARN(arn)
		if !ok || parsed.Region != e.Call.Connection().Region || slices.ContainsFunc(out, func(r resource) bool { return r.ARN == arn }) {
			return
		}
		out = append(out, resource{AccountID: parsed.Account, Type: "AWS::KMS::Key", ARN: arn})
	}
	decisions := e.Call.Decisions()
	for i := range decisions {
		if alias := decisions[i].Request.Alias; alias != "" {
			add(alias)
		}
		if key := decisions[i].Request.Key; key != nil {
			add(key.ARN)
		}
	}
	for _, key := range e.Call.Keys() {
		add(key.ARN)
	}
	return out
}

// additional is additionalEventData: which key material was used, and what the operation noted.
func additional(e *Entry) map[string]any {
	out := map[string]any{}
	materials := e.Call.Materials()
	switch {
	case e.Operation == "ReEncrypt" && len(materials) == 2:
		out["sourceKeyMaterialId"], out["destinationKeyMaterialId"] = materials[0], materials[1]
	case len(materials) > 0:
		out["keyMaterialId"] = materials[len(materials)-1]
	}
	for _, note := range e.Call.Notes() {
		out[note.Name] = note.Value
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func micros(d time.Duration) int64 { return d.Microseconds() }
