package seed

// Printable is how a document is written.
var Printable = printable
