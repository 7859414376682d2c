package evaluator

import "github.com/strictkms/strictkms/rego"

// Readings say how each named assumption is read: what AWS's documents leave open. The zero value reads all of them
// as docs/assumptions.md gives as the default.
type Readings = rego.Readings

// ParseReadings reads texts of the form NAME=READING, for example grant-and-scp=survives; docs/assumptions.md lists
// the names. What no text names is read as by default.
func ParseReadings(texts ...string) (Readings, error) { return rego.ParseReadings(texts...) }
