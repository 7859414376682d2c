package sigv4

import (
	"strconv"
	"time"
)

// Skew is how far the clock of a client may be off. AWS documents five minutes
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html); its services answer with 5 or 15.
const Skew = 15 * time.Minute

// Check refuses a signature that is too old, from the future, or for another service or another day. The error is an
// [*Error].
func (s *Signature) Check(now time.Time, service string) error {
	if err := s.checkTime(now); err != nil {
		return err
	}
	var problem string
	switch day := s.stamp[:min(len("20060102"), len(s.stamp))]; {
	case !IsRegion(s.Scope.Region):
		problem = "Credential should be scoped to a valid region."
	case s.Scope.Service != service:
		problem = "Credential should be scoped to correct service: '" + service + "'."
	case s.Scope.terminator != terminator:
		problem = "Credential should be scoped with a valid terminator: 'aws4_request'."
	case s.Scope.Date != day:
		problem = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			printable(s.Scope.Date) + "' != '" + day + "', from '" + s.Time.Format(basicFormat) + "'."
	default:
		return nil
	}
	return invalid(problem)
}

func (s *Signature) checkTime(now time.Time) error {
	now = now.UTC()
	good := Skew
	if s.Expires > 0 {
		good = s.Expires
	}
	if oldest := now.Add(-good); s.Time.Before(oldest.Truncate(time.Second)) {
		return invalid("Signature expired: " + s.Time.Format(basicFormat) + " is now earlier than " +
			oldest.Format(basicFormat) + " (" + now.Format(basicFormat) + " - " + inWords(good) + ")")
	}
	if newest := now.Add(Skew); s.Time.After(newest) {
		return invalid("Signature not yet current: " + s.Time.Format(basicFormat) + " is still later than " +
			newest.Format(basicFormat) + " (" + now.Format(basicFormat) + " + " + inWords(Skew) + ")")
	}
	return nil
}

// inWords is how AWS writes a number of minutes.
func inWords(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min."
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + " sec."
}
