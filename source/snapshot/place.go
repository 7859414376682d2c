package snapshot

import (
	"path"
	"regexp"
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// place is what the folders that a file is in say about it: each part is empty when no folder says it.
type place struct {
	account, region string
	// key is a key id.
	key string
	// organization is o-…; target is the root, unit or account that the file is about.
	organization, target string
	// base is the name of the file without what follows its first dot.
	base string
}

// The forms of what folders are called
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html, API_Root.html,
// API_OrganizationalUnit.html; https://docs.aws.amazon.com/kms/latest/developerguide/concepts-key-id.html).
var (
	regionName       = regexp.MustCompile(`\A[a-z]{2}(-[a-z]+)+-[0-9]{1,2}\z`)
	keyID            = regexp.MustCompile(`\A([0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32})\z`)
	organizationName = regexp.MustCompile(`\Ao-[a-z0-9]{4,32}\z`)
	targetName       = regexp.MustCompile(`\A(r-[0-9a-z]{1,32}|ou-[0-9a-z]{1,32}-[0-9a-z]{1,32}|[0-9]{12})\z`)
)

// placeOf reads the names of the folders of a file, and of the file itself; the innermost one counts. What a folder kms
// holds is named after the keys, whatever form their ids have.
func placeOf(name string) place {
	var p place
	elements := strings.Split(path.Clean(strings.ReplaceAll(name, `\`, "/")), "/")
	last := len(elements) - 1
	p.base, _, _ = strings.Cut(elements[last], ".")
	elements[last] = p.base
	for i, e := range elements {
		switch {
		case organizationName.MatchString(e):
			p.organization = e
		case regionName.MatchString(e):
			p.region = e
		case keyID.MatchString(e), i > 0 && i < last && elements[i-1] == "kms":
			p.key = e
		}
		if policy.IsAccountID(e) {
			p.account = e
		}
		if targetName.MatchString(e) {
			p.target = e
		}
	}
	return p
}
