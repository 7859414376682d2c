package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/awsjson"
	"github.com/strictkms/strictkms/server/awsquery"
)

// apis are the services beside AWS KMS.
type apis struct {
	// byName are those in the Query protocol by their names in credential scopes, byVersion by their versions, byTarget
	// those in the JSON protocol.
	byName, byVersion, byTarget map[string]operation.API
}

func newAPIs(list []operation.API) (apis, error) {
	a := apis{map[string]operation.API{}, map[string]operation.API{}, map[string]operation.API{}}
	for _, api := range list {
		d := api.Description()
		if a.byName[d.Name] != nil || a.byVersion[d.Version] != nil || a.byTarget[d.Target] != nil || d.Name == service {
			return a, fmt.Errorf("the service %s is there twice", d.Name)
		}
		if d.Target != "" {
			a.byTarget[d.Target] = api
			continue
		}
		a.byName[d.Name], a.byVersion[d.Version] = api, api
	}
	return a, nil
}

// json returns the service of X-Amz-Target and the operation, nil when there is none.
func (a *apis) json(target string) (operation.API, string) {
	prefix, name, _ := strings.Cut(target, ".")
	return a.byTarget[prefix], name
}

// query does an operation of a service in the Query protocol.
func (x *exchange) query(ctx context.Context) {
	x.isQuery = true
	output, err := x.doQuery(ctx)
	x.record(err)
	var document []byte
	if err == nil {
		document, err = awsquery.Output(x.api.Description(), x.operation, x.id, output)
	}
	if err != nil {
		x.fail(ctx, err)
		return
	}
	awsquery.WriteOutput(x.w, x.id, document)
	x.answered = true
	x.observe("")
	x.log(ctx, nil)
}

// doQuery finds the operation by the form of the request, authenticates the call and runs it.
func (x *exchange) doQuery(ctx context.Context) (any, error) {
	body, err := readBody(x.w, x.r)
	if err != nil {
		return nil, err
	}
	defer body.free()
	text := x.r.URL.RawQuery
	if x.r.Method == http.MethodPost {
		text = body.String()
	}
	form, err := awsquery.Parse(text)
	if err != nil {
		return nil, err
	}
	api := x.server.apis.byVersion[form.Version]
	if signed := x.server.apis.byName[scopeOf(x.r)]; signed != nil {
		api = signed
	}
	x.api = api // from here on errors are those of the service
	if err := knows(api, form); err != nil {
		return nil, err
	}
	x.operation = form.Action
	return x.doAPI(ctx, body.Bytes(), form.Decode)
}

// knows reports whether a service has the operation of a form, in AWS's words.
func knows(api operation.API, form *awsquery.Form) error {
	version := form.Version
	switch {
	case form.Action == "":
		return operation.Errorf(operation.CodeMissingAction, "The request must contain the parameter Action.")
	case version == "":
		version = "NO_VERSION_SPECIFIED"
	case api != nil && version == api.Description().Version && slices.Contains(api.Operations(), form.Action):
		return nil
	}
	return operation.Errorf(operation.CodeInvalidAction, "Could not find operation %.128s for version %.32s", form.Action, version)
}

// json does an operation of a service in the JSON protocol.
func (x *exchange) json(ctx context.Context, api operation.API, name string) {
	if !slices.Contains(api.Operations(), name) || x.r.URL.Path != "/" || len(x.r.Header[targetKey]) > 1 || x.r.Method != http.MethodPost {
		x.unknown(ctx)
		return
	}
	x.api, x.operation = api, name
	output, err := x.doJSON(ctx)
	x.done(ctx, output, err)
}

func (x *exchange) doJSON(ctx context.Context) (any, error) {
	body, err := readBody(x.w, x.r)
	if err != nil {
		return nil, err
	}
	defer body.free()
	return x.doAPI(ctx, body.Bytes(), awsjson.Input(body.Bytes()))
}

// doAPI authenticates the call and runs the operation.
func (x *exchange) doAPI(ctx context.Context, body []byte, decode operation.Decode) (any, error) {
	d := x.api.Description()
	var err error
	if x.caller, err = x.server.identify(ctx, x.r, body, d, x.operation); err != nil {
		return nil, err
	}
	partition := policy.PartitionOf(x.caller.region)
	if d.Global {
		x.caller.region = operation.GlobalRegion(partition)
	}
	x.call = x.server.config.Enforcer.Call(x.connection())
	result, err := x.api.Do(ctx, &operation.Call{
		RequestID: x.id, Account: x.caller.account, Partition: partition, Region: x.caller.region,
		Principal: x.call.Caller(), AccessKeyID: x.caller.accessKeyID, Time: x.call.Connection().Time, Authorizer: x.call,
	}, x.operation, decode)
	x.result = kms.Result(result)
	return result.Output, err
}

// identify authenticates the caller of a service beside AWS KMS. Some operations take callers without a signature.
func (s *Server) identify(ctx context.Context, r *http.Request, body []byte, d *operation.Description, name string) (caller, error) {
	if slices.Contains(d.Anonymous, name) && scopeOf(r) == "" {
		return caller{account: s.config.Account, region: s.config.Region}, nil
	}
	return s.authenticate(ctx, r, body, d.Name)
}

// refuse answers with an exception, in the protocol of the request, and returns its code.
func (x *exchange) refuse(err error) string {
	x.explainDenial(err)
	if !x.isQuery {
		e := awsjson.ErrorOf(err)
		awsjson.WriteError(x.w, x.id, e)
		return e.Code
	}
	e := awsquery.ErrorOf(err)
	awsquery.WriteError(x.w, x.description(), x.id, e)
	return e.Code
}

// isInternal reports whether an error is one that somebody has to look into.
func (x *exchange) isInternal(err error) bool {
	if x.isQuery {
		return awsquery.IsInternal(err)
	}
	return awsjson.IsInternal(err)
}

// code is the code of an error in the protocol of the request.
func (x *exchange) code(err error) string {
	if x.isQuery {
		return awsquery.ErrorOf(err).Code
	}
	return awsjson.ErrorOf(err).Code
}

// description is the service of the request, nil for AWS KMS.
func (x *exchange) description() *operation.Description {
	if x.api == nil {
		return nil
	}
	return x.api.Description()
}

// name is the operation in metrics: with its service, when that is not AWS KMS.
func (x *exchange) name() string {
	if x.api == nil {
		return x.operation
	}
	return metricName(x.api, x.operation)
}

func metricName(api operation.API, name string) string { return api.Description().Name + ":" + name }

// isBodyError reports whether the rest of the body is still coming.
func isBodyError(err error) bool {
	return errors.Is(err, awsjson.ErrTooLarge) || errors.Is(err, awsjson.ErrTimeout)
}
