package files_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strictkms/strictkms/kms"
	"github.com/strictkms/strictkms/source"
	"github.com/strictkms/strictkms/source/files"
)

func TestClusters(t *testing.T) {
	w := &source.World{}
	require.NoError(t, files.Load(w, "world.yaml", []byte(`
accounts:
  "111122223333":
    clusters:
      cluster-a23b4cdefgh: {}
      cluster-bbbbbbbbbbb:
        region: eu-west-1
        state: INITIALIZED
        hsms: 0
        password: "01234567"
        connection-error: USER_LOCKED_OUT
`), defaults))
	require.Equal(t, []kms.Cluster{
		{Account: "111122223333", Region: defaults.Region, ID: "cluster-a23b4cdefgh", HSMs: 2},
		{
			Account: "111122223333", Region: "eu-west-1", ID: "cluster-bbbbbbbbbbb", State: "INITIALIZED", Password: "01234567",
			ConnectionError: "USER_LOCKED_OUT",
		},
	}, w.Clusters)
}

// TestWrongClusters: everything that is wrong is told, where it is, and without secrets.
func TestWrongClusters(t *testing.T) {
	err := files.Load(&source.World{}, "world.yaml", []byte(`
accounts:
  "111122223333":
    clusters:
      cluster-1:
        state: READY
        hsms: many
        certificate: none
        password: hunter
        connection-error: NONE
`), defaults)
	require.Error(t, err)
	for _, want := range []string{
		`world.yaml:5:7: "cluster-1" is not the id of a cluster: expected cluster- and 11 to 16 letters`,
		`world.yaml:6:16: "READY" is not a state of clusters: expected one of ACTIVE, `,
		"world.yaml:7:15: expected hsms as a number, 0 or more, found a text",
		"world.yaml:8:22: it is not a certificate: expected one X.509 certificate in PEM",
		"world.yaml:9:19: expected a password of 7 to 32 characters",
		`world.yaml:10:27: "NONE" is not the ConnectionErrorCode of a cluster: expected one of CLUSTER_NOT_FOUND, `,
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "hunter")
}
