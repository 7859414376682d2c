package seed

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"

	"github.com/strictkms/strictkms/internal/wholefile"
)

// Profile is a profile of an AWS shared credentials file.
type Profile struct {
	Name            string
	AccessKeyID     string
	SecretAccessKey string
	// SessionToken is empty for a long-term access key.
	SessionToken string
	Region       string
}

// Format prints the profile without its secrets, whatever the verb.
func (p Profile) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "{%s %s}", p.Name, p.AccessKeyID) }

// MarshalJSON encodes the profile without its secrets.
func (p Profile) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"Name":%q,"AccessKeyId":%q}`, p.Name, p.AccessKeyID), nil
}

// LogValue logs the profile without its secrets.
func (p Profile) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", p.Name), slog.String("accessKeyId", p.AccessKeyID))
}

// credentialsMode lets nobody but the owner read the file.
const credentialsMode fs.FileMode = 0o600

// WriteCredentials writes an AWS shared credentials file
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html): all of it or nothing, readable by its owner only.
// A file of the name is replaced.
func WriteCredentials(file string, profiles []Profile) error {
	text, err := credentialsText(profiles)
	if err != nil {
		return err
	}
	return wholefile.WriteBytes(file, credentialsMode, text)
}

// credentialsText is what the file says.
func credentialsText(profiles []Profile) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("# Written by strictkms. These access keys work at that server only.\n")
	for _, p := range profiles {
		if p.Name == "" || strings.ContainsAny(p.Name, "[]#;\r\n\t ") {
			return nil, fmt.Errorf("writing credentials: a profile cannot be called %q", p.Name)
		}
		fmt.Fprintf(&out, "\n[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n", p.Name, p.AccessKeyID, p.SecretAccessKey)
		if p.SessionToken != "" {
			fmt.Fprintf(&out, "aws_session_token = %s\n", p.SessionToken)
		}
		if p.Region != "" {
			fmt.Fprintf(&out, "region = %s\n", p.Region)
		}
	}
	return out.Bytes(), nil
}
