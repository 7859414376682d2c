package server

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/policy"
	"github.com/strictkms/strictkms/server/awsjson"
	"github.com/strictkms/strictkms/server/enforce"
)

// targetKey is the name of X-Amz-Target as package net/http spells it.
const targetKey = "X-Amz-Target"

// exchange is a request with what became of it.
type exchange struct {
	server    *Server
	w         http.ResponseWriter
	r         *http.Request
	id        string
	began     time.Time
	operation string // empty when the request names none
	caller    caller
	call      *enforce.Call // nil before the caller is known
	asked     kms.Call
	result    kms.Result
	answered  bool
	latency   time.Duration // see took
	// api is the service when it is not AWS KMS, isQuery that the request is in the Query protocol.
	api     operation.API
	isQuery bool
}

// serve answers a request to AWS.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	x := &exchange{server: s, w: w, r: r, id: newRequestID(), began: time.Now()} //nolint:forbidigo // a duration
	ctx := r.Context()
	defer x.recover(ctx)
	target, found := targetOf(r)
	api, name := s.apis.json(target)
	switch {
	case api != nil:
		x.json(ctx, api, name)
	case found:
		x.kms(ctx, target)
	case isQuery(r):
		x.query(ctx)
	default:
		x.unknown(ctx)
	}
}

// targetOf returns X-Amz-Target. A presigned URL may have it in the query, where signers put such headers.
func targetOf(r *http.Request) (string, bool) {
	if values := r.Header[targetKey]; len(values) > 0 {
		return values[0], true
	}
	if strings.Contains(r.URL.RawQuery, targetKey+"=") {
		return r.URL.Query().Get(targetKey), true
	}
	return "", false
}

// kms does an operation of AWS KMS.
func (x *exchange) kms(ctx context.Context, target string) {
	operation, ok := awsjson.Operation(target)
	if !ok || x.r.URL.Path != "/" || len(x.r.Header[targetKey]) > 1 ||
		x.r.Method != http.MethodPost && x.r.Method != http.MethodGet {
		x.unknown(ctx)
		return
	}
	x.operation = operation
	output, err := x.do(ctx)
	x.done(ctx, output, err)
}

// do authenticates the call and runs the operation.
func (x *exchange) do(ctx context.Context) (any, error) {
	body, err := readBody(x.w, x.r)
	if err != nil {
		return nil, err
	}
	defer body.free()
	if x.caller, err = x.server.authenticate(ctx, x.r, body.Bytes(), service); err != nil {
		return nil, err
	}
	x.call = x.server.config.Enforcer.Call(x.connection())
	input := body.Bytes()
	if len(input) == 0 {
		input = []byte("{}") // an operation without input
	}
	x.asked = kms.Call{
		Account: x.caller.account, Partition: policy.PartitionOf(x.caller.region), Region: x.caller.region,
		Principal: x.caller.name(), RequestID: x.id, Authorizer: x.call, Observer: x.call,
	}
	x.result, err = x.server.config.KMS.Do(ctx, &x.asked, x.operation, input)
	return x.result.Output, err
}

// done notes the call and answers it.
func (x *exchange) done(ctx context.Context, output any, err error) {
	x.record(err)
	if err == nil {
		if err = awsjson.WriteOutput(x.w, x.id, output); err == nil {
			x.answered = true
			x.observe("")
			x.log(ctx, nil)
			return
		}
	}
	x.fail(ctx, err)
}

// fail answers with an exception.
func (x *exchange) fail(ctx context.Context, err error) {
	x.answered = true
	if isBodyError(err) {
		x.w.Header().Set("Connection", "close") // the rest of the body is still coming
	}
	x.observe(x.refuse(err))
	x.log(ctx, err)
}

// unknown answers a request that is for no operation. AWS sends no message.
func (x *exchange) unknown(ctx context.Context) {
	x.operation = ""
	x.fail(ctx, &kms.Error{Code: kms.CodeUnknownOperation})
}

// recover answers for a call that panicked, and keeps the server up.
func (x *exchange) recover(ctx context.Context) {
	problem := recover()
	if problem == nil {
		return
	}
	if problem == http.ErrAbortHandler { //nolint:errorlint // it is thrown as it is
		panic(problem)
	}
	x.server.panicked(ctx, problem, slog.String("request", x.id), slog.String("operation", x.operation))
	if x.answered {
		panic(http.ErrAbortHandler) // half an answer must not look like one
	}
	x.answered = true
	x.observe(x.refuse(errPanic))
}

// abort logs a panic of one of our own pages and hangs up.
func (s *Server) abort(r *http.Request) {
	switch problem := recover(); problem {
	case nil:
	case http.ErrAbortHandler:
		panic(problem)
	default:
		s.panicked(r.Context(), problem, slog.String("path", r.URL.Path))
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) panicked(ctx context.Context, problem any, attrs ...slog.Attr) {
	attrs = append(attrs, slog.Any("panic", problem), slog.String("stack", string(debug.Stack())))
	s.config.Logger.LogAttrs(ctx, slog.LevelError, "panic", attrs...)
}
