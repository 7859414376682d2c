package kms

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// in another Region: the same key there.
func (i *importer) in(region string) *importer {
	return &importer{actor: i.actor.in(region), id: i.id, arn: "arn:aws:kms:" + region + ":111122223333:key/" + i.id}
}

// states are the materials of the key: what they are to it and whether they are there.
func (i *importer) states() (out []string) {
	for _, r := range i.rotations() {
		entry := r.(map[string]any)
		out = append(out, entry["KeyMaterialState"].(string)+" "+entry["ImportState"].(string))
	}
	return out
}

// TestReplicasWithImportedMaterial: the same material has to be imported into each key
// (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-import.html).
func TestReplicasWithImportedMaterial(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second := make([]byte, 32), append(make([]byte, 31), 1)
	home := f.newImporter(in{"MultiRegion": true})
	id := home.imports(first, nil)
	home.do("ReplicateKey", in{"KeyId": home.id, "ReplicaRegion": "eu-west-1"})
	ireland := home.in("eu-west-1")
	require.Equal(t, stateCreating, ireland.state())
	ireland.fails("GetParametersForImport", in{"KeyId": home.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
		CodeInvalidState, ireland.arn+" is creating.")
	f.advance(transitionTime)
	require.Equal(t, statePendingImport, ireland.state())
	ireland.fails("Encrypt", in{"KeyId": home.id, "Plaintext": []byte("x")}, CodeInvalidState, ireland.arn+" is pending import.")
	ireland.refuses(second, nil, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message)
	ireland.refuses(second, in{"ImportType": "NEW_KEY_MATERIAL"}, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message)
	require.Equal(t, id, ireland.imports(first, until(f.time().Add(time.Hour))))
	require.Equal(t, stateEnabled, ireland.state())
	blob := home.do("Encrypt", in{"KeyId": home.id, "Plaintext": []byte("x")})["CiphertextBlob"]
	require.Equal(t, "eA==", ireland.do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])

	f.advance(time.Hour) // each expires by itself
	require.Equal(t, []string{stateEnabled, statePendingImport}, []string{home.state(), ireland.state()})
	ireland.imports(first, nil)

	home.imports(second, in{"ImportType": "NEW_KEY_MATERIAL"})
	require.Equal(t, []string{"CURRENT IMPORTED", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION IMPORTED"}, home.states())
	require.Equal(t, []string{"CURRENT IMPORTED", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION PENDING_IMPORT"}, ireland.states())
	home.fails("RotateKeyOnDemand", in{"KeyId": home.id}, CodeInvalidState, "No available key material pending rotation for the key: "+home.arn+".")
	ireland.imports(second, in{"ImportType": "EXISTING_KEY_MATERIAL"})
	require.Equal(t, []string{"CURRENT IMPORTED", "PENDING_ROTATION IMPORTED"}, home.states())
	require.Equal(t, home.states(), ireland.states())
	ireland.do("DeleteImportedKeyMaterial", in{"KeyId": home.id, "KeyMaterialId": ireland.rotations()[1].(map[string]any)["KeyMaterialId"]})
	require.Equal(t, []string{"CURRENT IMPORTED", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION PENDING_IMPORT"}, ireland.states())
	require.Equal(t, stateEnabled, ireland.state())
	ireland.imports(second, nil)
	f.restart()
	home.do("RotateKeyOnDemand", in{"KeyId": home.id})
	require.Equal(t, []string{"NON_CURRENT IMPORTED", "CURRENT IMPORTED"}, home.states())
	require.Equal(t, home.states(), ireland.states())
	require.Equal(t, home.describe(home.id)["CurrentKeyMaterialId"], ireland.describe(home.id)["CurrentKeyMaterialId"])
	require.Equal(t, "eA==", ireland.do("Decrypt", in{"CiphertextBlob": blob})["Plaintext"])

	// "When you delete the key material of a primary Region key that is in PENDING_ROTATION […] state, you'll also be
	// deleting the key materials for the replica Region keys"; that of a replica is its own.
	third := append(make([]byte, 31), 2)
	pending := home.imports(third, in{"ImportType": "NEW_KEY_MATERIAL"})
	ireland.imports(third, nil)
	home.do("DeleteImportedKeyMaterial", in{"KeyId": home.id, "KeyMaterialId": pending})
	require.Len(t, ireland.states(), 2)
	ireland.do("DeleteImportedKeyMaterial", in{"KeyId": home.id})
	require.Equal(t, []string{stateEnabled, statePendingImport}, []string{home.state(), ireland.state()})
}

// TestReplicaGetsAllMaterialsToImport: a key that was rotated before it is replicated.
func TestReplicaGetsAllMaterialsToImport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second := make([]byte, 32), append(make([]byte, 31), 1)
	home := f.newImporter(in{"MultiRegion": true})
	home.imports(first, nil)
	home.imports(second, in{"ImportType": "NEW_KEY_MATERIAL"})
	home.do("RotateKeyOnDemand", in{"KeyId": home.id})
	home.replicate(home.id, "eu-west-1")
	ireland := home.in("eu-west-1")
	require.Equal(t, []string{"NON_CURRENT PENDING_IMPORT", "CURRENT PENDING_IMPORT"}, ireland.states())
	ireland.imports(second, nil)
	require.Equal(t, statePendingImport, ireland.state(), "a key works only with all of its material")
	ireland.imports(first, nil)
	require.Equal(t, stateEnabled, ireland.state())

	// A replica that becomes the primary key takes new material from then on, and the other the same.
	home.do("UpdatePrimaryRegion", in{"KeyId": home.id, "PrimaryRegion": "eu-west-1"})
	f.advance(transitionTime)
	third := append(make([]byte, 31), 2)
	home.refuses(third, in{"ImportType": "NEW_KEY_MATERIAL"}, CodeIncorrectKeyMaterial, errIncorrectMaterial.Message)
	ireland.imports(third, in{"ImportType": "NEW_KEY_MATERIAL"})
	home.imports(third, nil)
	ireland.do("RotateKeyOnDemand", in{"KeyId": home.id})
	require.Equal(t, []string{"NON_CURRENT IMPORTED", "NON_CURRENT IMPORTED", "CURRENT IMPORTED"}, home.states())
	require.Equal(t, home.states(), ireland.states())

	// One whose material expires while it is being updated is pending import, and nothing enables it.
	ireland.imports(third, until(f.time().Add(time.Second)))
	ireland.do("UpdatePrimaryRegion", in{"KeyId": home.id, "PrimaryRegion": "us-east-1"})
	require.Equal(t, stateUpdating, ireland.state())
	for range 2 {
		f.advance(transitionTime)
		require.Equal(t, []string{stateEnabled, statePendingImport}, []string{home.state(), ireland.state()})
	}
}
