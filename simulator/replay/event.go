// Package replay decides recorded calls again: the events of AWS CloudTrail about AWS KMS, under other policies than those
// that were in force. It says which calls that were allowed would be denied and the reverse, and counts with its reason
// every event that does not tell enough to be decided.
package replay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/strictkms/strictkms/policy"
)

// Event is one event
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).
type Event struct {
	UserIdentity      Identity   `json:"userIdentity"`
	EventTime         time.Time  `json:"eventTime"`
	EventSource       string     `json:"eventSource"`
	EventName         string     `json:"eventName"`
	EventID           string     `json:"eventID"`
	AWSRegion         string     `json:"awsRegion"`
	SourceIPAddress   string     `json:"sourceIPAddress"`
	UserAgent         string     `json:"userAgent"`
	ErrorCode         string     `json:"errorCode"`
	ErrorMessage      string     `json:"errorMessage"`
	RequestParameters parameters `json:"requestParameters"`
	Resources         []Resource `json:"resources"`
	EventType         string     `json:"eventType"`
	RecipientAccount  string     `json:"recipientAccountId"`
	SharedEventID     string     `json:"sharedEventID"`
	VPCEndpointID     string     `json:"vpcEndpointId"`
	Additional        struct {
		GrantID   string          `json:"grantId"`
		Recipient json.RawMessage `json:"recipient"`
	} `json:"additionalEventData"`
	// StrictKMS is in the records of a strictkms server, with what it decided.
	StrictKMS *struct {
		Decision string `json:"decision"`
	} `json:"strictkms"`

	// Pos is where the event stands.
	Pos policy.Position `json:"-"`
}

// Identity says who called
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
type Identity struct {
	Type           string `json:"type"`
	PrincipalID    string `json:"principalId"`
	ARN            string `json:"arn"`
	AccountID      string `json:"accountId"`
	InvokedBy      string `json:"invokedBy"`
	SessionContext struct {
		SessionIssuer struct {
			ARN string `json:"arn"`
		} `json:"sessionIssuer"`
		Attributes *struct {
			CreationDate     time.Time `json:"creationDate"`
			MFAAuthenticated string    `json:"mfaAuthenticated"`
		} `json:"attributes"`
		WebIDFederationData struct {
			FederatedProvider string `json:"federatedProvider"`
		} `json:"webIdFederationData"`
		SourceIdentity string `json:"sourceIdentity"`
	} `json:"sessionContext"`
}

// Resource is a key, or an alias, that a call was about.
type Resource struct {
	ARN       string `json:"ARN"`
	AccountID string `json:"accountId"`
}

// Read reads a file of events and hands them on one by one: a file that CloudTrail delivers ({"Records": […]}, also
// compressed by gzip), the answer of LookupEvents, one event, or one of these on each line, as a strictkms server writes
// them. What is no event is an error with its place, and all of them are found.
func Read(name string, src io.Reader, each func(*Event) error) error {
	in := bufio.NewReaderSize(src, 64<<10)
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		zipped, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		in = bufio.NewReaderSize(zipped, 64<<10)
	}
	r := &reader{name: name, each: each}
	if err := r.values(in); err != nil {
		return err
	}
	if r.found == 0 && len(r.diags) == 0 {
		return fmt.Errorf("%s:1:1: the file has no events: expected the events of AWS CloudTrail as JSON", name)
	}
	if len(r.diags) > 0 {
		return r.diags
	}
	return nil
}

// reader reads one file.
type reader struct {
	name  string
	each  func(*Event) error
	found int
	diags policy.Diagnostics
	// lines is true when values were events, one after the other.
	lines bool
	// counter knows where lines begin.
	counter *lineCounter
}

// values reads one JSON value after the other, however they are laid out. Where there is an event on each line, a line that is
// none does not hide the next one.
func (r *reader) values(src io.Reader) error {
	r.counter = &lineCounter{in: src, starts: []int64{0}}
	in, start := io.Reader(r.counter), int64(0) // what the decoder reads, from where
	d := json.NewDecoder(in)
	for {
		var value json.RawMessage
		before := start + d.InputOffset()
		err := d.Decode(&value)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			var at int64
			if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
				at = start + max(syntax.Offset-1, 0)
			} else if at = r.counter.read; !errors.Is(err, io.ErrUnexpectedEOF) {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			r.fail(r.counter.position(r.name, at), "not valid JSON: "+err.Error())
			if !r.lines || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil // what follows cannot be told apart, or nothing does
			}
			rest := bufio.NewReader(io.MultiReader(d.Buffered(), in))
			if start, err = nextLine(rest, before, at); err != nil {
				return nil //nolint:nilerr // the file ends in the line, or cannot be read on, which the decoder found first
			}
			in, d = rest, json.NewDecoder(rest)
			continue
		}
		at := start + d.InputOffset() - int64(len(value))
		if err := r.value(value, at); err != nil {
			return err
		}
		r.counter.forget(at)
	}
}

// nextLine skips what is left of the line of an offset, and returns the offset of the line behind it. from is the offset of
// what is read.
func nextLine(in *bufio.Reader, from, offset int64) (int64, error) {
	for {
		line, err := in.ReadSlice('\n')
		from += int64(len(line))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return from, err
		case from > offset:
			return from, nil
		}
	}
}

func (r *reader) fail(at policy.Position, message string) {
	r.diags = append(r.diags, policy.Diagnostic{Code: "not-an-event", Severity: policy.SeverityError, Message: message, Pos: at})
}

// value reads one value: a list of events in one of the forms, or an event.
func (r *reader) value(value json.RawMessage, at int64) error {
	pos := r.counter.position(r.name, at)
	var form struct {
		Records []json.RawMessage
		Events  []struct{ CloudTrailEvent string }
		event
	}
	if err := json.Unmarshal(value, &form); err != nil {
		r.fail(pos, "expected an event of AWS CloudTrail: "+plainError(err))
		return nil
	}
	switch {
	case form.Records != nil:
		from := 0
		for _, record := range form.Records {
			// The decoder copies: a record is found again by its text, behind the one before it.
			from += max(bytes.Index(value[from:], record), 0)
			if err := r.event(record, r.counter.position(r.name, at+int64(from))); err != nil {
				return err
			}
			from += len(record)
		}
	case form.Events != nil:
		for _, e := range form.Events {
			if err := r.event([]byte(e.CloudTrailEvent), pos); err != nil {
				return err
			}
		}
	default:
		r.lines = true
		return r.event(value, pos)
	}
	return nil
}

// event tells an event from other JSON.
type event struct {
	EventName *string `json:"eventName"`
}

// event reads one event.
func (r *reader) event(src []byte, pos policy.Position) error {
	var e Event
	if other, ok := ofAnotherService(src); ok {
		e = other // whatever else is in it
	} else if err := json.Unmarshal(src, &e); err != nil {
		r.fail(pos, "expected an event of AWS CloudTrail: "+plainError(err))
		return nil
	}
	if e.EventName == "" || e.EventSource == "" || e.EventTime.IsZero() {
		r.fail(pos, "expected an event of AWS CloudTrail, with eventName, eventSource and eventTime")
		return nil
	}
	e.Pos = pos
	r.found++
	return r.each(&e)
}

// ofAnotherService reads as much of an event as says that it is not about KMS.
func ofAnotherService(src []byte) (Event, bool) {
	var e struct {
		EventTime                       time.Time
		EventSource, EventName, EventID string
	}
	if json.Unmarshal(src, &e) != nil || e.EventSource == "" || e.EventSource == kmsSource {
		return Event{}, false
	}
	return Event{EventTime: e.EventTime, EventSource: e.EventSource, EventName: e.EventName, EventID: e.EventID}, true
}

// plainError words an error of the JSON decoder without the names of Go's types.
func plainError(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "its member " + strings.TrimPrefix(wrong.Field, "event.") + " is a " + wrong.Value
	}
	return err.Error()
}

// lineCounter notes where lines begin while something else reads.
type lineCounter struct {
	in     io.Reader
	read   int64
	first  int     // the number of the line that starts[0] begins, from 0
	starts []int64 // offsets
}

// Read implements [io.Reader].
func (c *lineCounter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			c.starts = append(c.starts, c.read+int64(i)+1)
		}
	}
	c.read += int64(n)
	return n, err
}

// line returns the index of the line of an offset.
func (c *lineCounter) line(offset int64) int {
	i := len(c.starts) - 1
	for i > 0 && c.starts[i] > offset {
		i--
	}
	return i
}

func (c *lineCounter) position(file string, offset int64) policy.Position {
	i := c.line(offset)
	return policy.Position{
		File: file, Offset: int(offset), Line: c.first + i + 1, Column: int(offset-c.starts[i]) + 1,
	}
}

// forget forgets the lines before an offset.
func (c *lineCounter) forget(offset int64) {
	i := c.line(offset)
	c.first += i
	c.starts = append(c.starts[:0], c.starts[i:]...)
}
