package material

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNothingPrintsSecrets puts secrets into everything that prints and looks for their bytes in every form.
func TestNothingPrintsSecrets(t *testing.T) {
	key := []byte("0123456789abcdefghijklmnopqrstuv")
	root, err := NewRoot(key)
	require.NoError(t, err)
	parsed, err := parse(LookupSpec("SYMMETRIC_DEFAULT"), key)
	require.NoError(t, err)
	m := newMaterial(LookupSpec("SYMMETRIC_DEFAULT"), [idSizeInBytes]byte{}, parsed)
	pair := KeyPair{pair: func() ([]byte, []byte) { return []byte("public"), key }}
	sealedBytes, err := m.Seal(root, "owner")
	require.NoError(t, err)
	sealed := NewSealed(root, "owner", m.spec, m.name, sealedBytes)
	_, err = sealed.Material()
	require.NoError(t, err)

	type inside struct {
		Exported, hidden any
		root             *Root
		material         *Material
		pair             KeyPair
		rootValue        Root
		materialValue    Material
	}
	for name, value := range map[string]any{
		"root": root, "root value": *root, "material": m, "material value": *m, "pair": pair, "pair pointer": &pair,
		"sealed": sealed,
		"inside": inside{m, m, root, m, pair, *root, *m}, "slice": []*Material{m}, "map": map[string]*Root{"a": root},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%t"} {
				fmt.Fprintf(&b, verb+"\n", value)
			}
			slog.New(slog.NewTextHandler(&b, nil)).Info("text", slog.Any("value", value))
			slog.New(slog.NewJSONHandler(&b, nil)).Info("json", slog.Any("value", value))
			encoded, err := json.Marshal(value)
			require.NoError(t, err)
			b.Write(encoded)

			part := key[8:16]
			decimal := strings.Trim(fmt.Sprintf("%d", part), "[]")
			for _, form := range []string{
				string(part), hex.EncodeToString(part), fmt.Sprintf("%X", part), decimal, strings.ReplaceAll(decimal, " ", ", "),
				fmt.Sprintf("%#v", part)[len("[]byte{"):40], strings.Trim(fmt.Sprintf("%o", part), "[]"),
				base64.StdEncoding.EncodeToString(key)[12:20],
			} {
				require.NotContains(t, b.String(), form)
			}
		})
	}
	for _, value := range []any{root, m, pair} {
		require.Equal(t, redacted, fmt.Sprint(value))
		require.Equal(t, redacted, fmt.Sprintf("%#v", value))
		require.Equal(t, redacted, value.(fmt.Stringer).String())
		require.Equal(t, redacted, value.(fmt.GoStringer).GoString())
		require.Equal(t, redacted, value.(slog.LogValuer).LogValue().String())
		text, err := value.(interface{ MarshalText() ([]byte, error) }).MarshalText()
		require.NoError(t, err)
		require.Equal(t, redacted, string(text))
		encoded, err := json.Marshal(value)
		require.NoError(t, err)
		require.Equal(t, `"`+redacted+`"`, string(encoded))
	}
}
