package sigv4

// CanonicalPath is the path that is signed for one that came over the wire.
func CanonicalPath(path string) string { return string(appendPath(nil, path)) }
