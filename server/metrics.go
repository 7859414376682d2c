package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/strictkms/strictkms/internal/operation"
	"github.com/strictkms/strictkms/kms"
)

const (
	namespace = "strictkms"
	// codeOK is the code of calls without an exception.
	codeOK = "OK"
	// unknownOperation stands for every operation that there is not: names come from clients, and each would be a
	// series of its own.
	unknownOperation = "unknown"
)

// metrics count calls. They are of one server, and not of the process.
type metrics struct {
	registry        *prometheus.Registry
	requests        *prometheus.CounterVec
	decisions       *prometheus.CounterVec
	duration        *prometheus.HistogramVec
	inFlight        prometheus.Gauge
	allowed, denied prometheus.Counter
	// operations are the series of calls that went well, by operation.
	operations map[string]series
	unknown    series
}

// series are what each call of an operation changes.
type series struct {
	ok       prometheus.Counter
	duration prometheus.Observer
}

func newMetrics(others []operation.API) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "requests_total",
			Help: "Calls by operation and by the code of their exception, OK for none.",
		}, []string{"operation", "code"}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "decisions_total",
			Help: "Accesses that were decided. In mode soft denied accesses pass.",
		}, []string{"decision"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "request_duration_seconds",
			Help:    "Time from the headers of a request to its answer.",
			Buckets: prometheus.ExponentialBuckets(50e-6, 2.5, 12),
		}, []string{"operation"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "requests_in_flight", Help: "Calls that are being answered.",
		}),
		operations: map[string]series{},
	}
	m.registry.MustRegister(
		m.requests, m.decisions, m.duration, m.inFlight, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.allowed, m.denied = m.decisions.WithLabelValues("allow"), m.decisions.WithLabelValues("deny")
	for _, name := range kms.Operations() {
		m.operations[name] = m.series(name)
	}
	for _, api := range others {
		for _, name := range api.Operations() {
			name = metricName(api, name)
			m.operations[name] = m.series(name)
		}
	}
	m.unknown = m.series(unknownOperation)
	return m
}

func (m *metrics) series(operation string) series {
	return series{m.requests.WithLabelValues(operation, codeOK), m.duration.WithLabelValues(operation)}
}

// observe counts a call with the code of its exception, empty for none.
func (m *metrics) observe(operation, code string, took time.Duration) {
	s, known := m.operations[operation]
	if !known {
		s, operation = m.unknown, unknownOperation
	}
	s.duration.Observe(took.Seconds())
	if code == "" {
		s.ok.Inc()
	} else {
		m.requests.WithLabelValues(operation, code).Inc()
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
