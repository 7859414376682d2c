package awsquery

import (
	"net/http"
	"strconv"

	"github.com/strictkms/strictkms/internal/operation"
)

// RequestIDHeader is the header with the id of the request, as package net/http spells x-amzn-RequestId.
const RequestIDHeader = "X-Amzn-Requestid"

// faultNamespace is that of errors before there is a service to answer.
const faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// WriteOutput answers with the document of an answer.
func WriteOutput(w http.ResponseWriter, requestID string, document []byte) {
	write(w, requestID, http.StatusOK, document)
}

// WriteError answers with an exception of a service, nil for one before there is a service.
func WriteError(w http.ResponseWriter, api *operation.Description, requestID string, e Error) {
	namespace, kind := faultNamespace, "Sender"
	if api != nil {
		namespace = api.Namespace
	}
	if e.Status >= http.StatusInternalServerError {
		kind = "Receiver"
	}
	var b buffer
	b.WriteString(`<ErrorResponse xmlns="`)
	b.text(namespace)
	b.WriteString(`"><Error>`)
	b.element("Type", kind)
	b.element("Code", e.Code)
	if e.Message != "" {
		b.element("Message", e.Message)
	}
	b.WriteString("</Error>")
	b.element("RequestId", requestID)
	b.WriteString("</ErrorResponse>")
	write(w, requestID, e.Status, b.Bytes())
}

func write(w http.ResponseWriter, requestID string, status int, document []byte) {
	header := w.Header()
	header[RequestIDHeader] = []string{requestID}
	header["Cache-Control"] = []string{"no-cache, no-store, must-revalidate, private"} // answers have secrets
	header["Content-Type"] = []string{"text/xml"}
	header["Content-Length"] = []string{strconv.Itoa(len(document))}
	w.WriteHeader(status)
	_, _ = w.Write(document)
}
