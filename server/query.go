package server

import (
	"encoding/xml"
	"mime"
	"net/http"
	"strings"

	"github.com/strictkms/strictkms/server/awsjson"
)

// isQuery reports whether a request is in the Query protocol, by its form.
func isQuery(r *http.Request) bool {
	if r.URL.Path != "/" {
		return false
	}
	if r.Method == http.MethodPost {
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return err == nil && kind == "application/x-www-form-urlencoded"
	}
	return r.Method == http.MethodGet && strings.Contains(r.URL.RawQuery, "Action=")
}

// fault is the document of an error of AWS's front, before there is a service to answer.
type fault struct {
	XMLName xml.Name `xml:"http://webservices.amazon.com/AWSFault/2005-15-09 ErrorResponse"`
	Error   struct {
		Type, Code, Message string
	}
	RequestID string `xml:"RequestId"`
}

// noQuery answers that there is no such action: with AWS's exception for it.
func noQuery(w http.ResponseWriter, r *http.Request) {
	var answer fault
	answer.Error.Type, answer.Error.Code, answer.Error.Message = "Sender", "InvalidAction", noAction(r)
	answer.RequestID = w.Header().Get(awsjson.RequestIDHeader)
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusBadRequest)
	_ = xml.NewEncoder(w).Encode(answer)
}

func noAction(r *http.Request) string {
	if r.ParseForm() != nil || r.Form.Get("Action") == "" {
		return "The request has no action."
	}
	return "Could not find operation " + r.Form.Get("Action") + " for version " + r.Form.Get("Version")
}
