package snapshot

import (
	"strings"

	"github.com/tidwall/gjson"
)

// manifest is what strictkms snapshot notes about what it could not read.
type manifest struct {
	// failures are the reasons by the path of the file that is missing, below the folder of the manifest.
	failures map[string]string
	// accounts are those that were read.
	accounts map[string]bool
}

// manifestVersion is the only version there is.
const manifestVersion = 1

// readManifest reads the manifest.
func (s *snapshot) readManifest(f *file) {
	v := s.in(f)
	members := v.members(f.root, "the manifest")
	if version := members[ManifestName]; version.Num != manifestVersion {
		v.fail(codeWrongType, v.pos(version), "expected version %d of a snapshot: it was made by another version of strictkms", manifestVersion)
		return
	}
	if s.manifest.failures == nil {
		s.manifest.failures, s.manifest.accounts = map[string]string{}, map[string]bool{}
	}
	for id := range v.members(members["accounts"], "accounts") {
		s.manifest.accounts[id] = true
	}
	v.items(members["failures"], "failures", func(item gjson.Result, failure map[string]gjson.Result) {
		name, ok := v.need(item, failure, "file")
		if !ok {
			return
		}
		s.manifest.failures[name] = v.text(failure, "operation") + ": " + v.text(failure, "code")
	})
}

// reason says why a file is missing, as far as the manifest says it. The path is below the folder of the manifest, and may
// have .. in it.
func (s *snapshot) reason(path string) string {
	if folder, name, ok := strings.Cut(path, "/../"); ok {
		path = folder[:strings.LastIndex(folder, "/")+1] + name
	}
	return s.manifest.failures[path]
}
