// Package quota holds callers to the request quotas of AWS KMS: how often an account may call each operation in a Region,
// and how often it may use keys of each kind
// (https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html). Each quota is a token bucket of a
// second's worth of requests.
package quota

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter counts requests. It is safe for concurrent use.
type Limiter struct {
	multiple float64
	clock    func() time.Time

	mu      sync.Mutex
	buckets map[bucket]*rate.Limiter
}

// bucket is one quota of an account in a Region.
type bucket struct{ account, region, name, of string }

// New returns a Limiter that allows a multiple of AWS's default quotas. The clock is nil for time.Now.
func New(multiple float64, clock func() time.Time) *Limiter {
	if clock == nil {
		clock = time.Now //nolint:forbidigo // the clock itself
	}
	return &Limiter{multiple: multiple, clock: clock, buckets: map[bucket]*rate.Limiter{}}
}

// maxMultiple bounds multiples: above it no quota can be reached.
const maxMultiple = 1e6

// Parse reads a profile: aws for AWS's default quotas, or a multiple of them such as 2x or 0.1x.
func Parse(text string) (multiple float64, err error) {
	if text == "aws" {
		return 1, nil
	}
	number, isMultiple := strings.CutSuffix(strings.Replace(text, "×", "x", 1), "x")
	multiple, err = strconv.ParseFloat(number, 64)
	if err != nil || !isMultiple || math.IsNaN(multiple) || multiple <= 0 || multiple > maxMultiple {
		return 0, fmt.Errorf("%q: expected aws for AWS's quotas, or a multiple of them such as 2x or 0.1x", text)
	}
	return multiple, nil
}

// mostAtOnce is the most requests that one operation counts as: a bucket must hold them.
func mostAtOnce(name string) int {
	if name == "CreateKey" { // by ReplicateKey
		return 2
	}
	return 1
}

// Take reports whether an account may make n more requests that count toward a quota in a Region now, and counts them if it
// may. A quota that AWS does not name has no limit.
func (l *Limiter) Take(account, region, name string, n int) bool {
	return l.take(bucket{account, region, name, ""}, n)
}

// TakeShared is Take of one request for a quota that each of several things in a Region of an account has for itself, such as
// a custom key store. A nil Limiter has no limits.
func (l *Limiter) TakeShared(account, region, name, of string) bool {
	return l == nil || l.take(bucket{account, region, name, of}, 1)
}

func (l *Limiter) take(key bucket, n int) bool {
	name := key.name
	perSecond, ok := Of(name, key.region)
	if !ok {
		return true
	}
	l.mu.Lock()
	limiter := l.buckets[key]
	if limiter == nil {
		perSecond *= l.multiple
		limiter = rate.NewLimiter(rate.Limit(perSecond), max(int(math.Ceil(perSecond)), mostAtOnce(name)))
		l.buckets[key] = limiter
	}
	l.mu.Unlock()
	return limiter.AllowN(l.clock(), n)
}
