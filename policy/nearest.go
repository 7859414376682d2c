package policy

import "strings"

// nearest returns the candidate with the smallest edit distance to the text, without regard
// to case; the first one wins. It returns "" when there is no candidate.
func nearest(text string, candidates []string) string {
	text = strings.ToLower(text)
	best, bestDistance := "", -1
	for _, c := range candidates {
		if d := editDistance(text, strings.ToLower(c)); bestDistance < 0 || d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// near is like nearest, but returns "" when even the nearest candidate is another word: when
// more than a third of the longer of the two would have to change.
func near(text string, candidates []string) string {
	best := nearest(text, candidates)
	if editDistance(strings.ToLower(text), strings.ToLower(best))*3 > max(len(text), len(best)) {
		return ""
	}
	return best
}

// maxWord bounds the work of editDistance: no name of the policy language is half as long.
const maxWord = 128

// editDistance is the Levenshtein distance between the first maxWord bytes of a and b.
func editDistance(a, b string) int {
	a, b = a[:min(len(a), maxWord)], b[:min(len(b), maxWord)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
