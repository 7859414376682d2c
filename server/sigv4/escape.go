package sigv4

import "strings"

const hexDigits = "0123456789ABCDEF"

// isUnreserved are the bytes that AWS's URI encoding leaves as they are (RFC 3986, section 2.3).
func isUnreserved(c byte) bool {
	switch {
	case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return true
	default:
		return c == '-' || c == '.' || c == '_' || c == '~'
	}
}

// appendEscaped encodes every byte that is not unreserved; in a path, slashes stay.
func appendEscaped(b []byte, s string, path bool) []byte {
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) || path && c == '/' {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return b
}

// unescape decodes a name or a value of a query, in which a plus is a space.
func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			b = append(b, byte(high<<4|low))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return string(b), true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}

// appendPath appends the canonical form of a path as it came over the wire: without empty, . and .. segments, and
// encoded once more. Services other than Amazon S3 sign it so.
func appendPath(b []byte, path string) []byte {
	if path == "" || path == "/" {
		return append(b, '/')
	}
	kept := make([]string, 0, 1+strings.Count(path, "/"))
	for segment := range strings.SplitSeq(path, "/") {
		switch segment {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, segment)
		}
	}
	for _, segment := range kept {
		b = append(b, '/')
		b = appendEscaped(b, segment, true)
	}
	if len(kept) == 0 || endsAsDirectory(path) {
		b = append(b, '/')
	}
	return b
}

// endsAsDirectory reports whether the last segment of a path is empty, . or .., so that the path ends with a slash
// when it is gone (RFC 3986, section 5.2.4).
func endsAsDirectory(path string) bool {
	return strings.HasSuffix(path, "/") || strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/..")
}
