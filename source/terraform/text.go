package terraform

import "strconv"

// quote quotes a text for a message, shortened when it is long.
func quote(text string) string {
	const most = 80
	text = readable(text)
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return strconv.Quote(text)
}
