package server

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/google/uuid"
)

// newRequestID returns a random UUID (https://www.rfc-editor.org/rfc/rfc9562#section-5.4), as AWS's request ids are. It is
// a name and no secret: it does not come from crypto/rand, which asks the operating system each time.
func newRequestID() string {
	var id uuid.UUID
	binary.NativeEndian.PutUint64(id[:], rand.Uint64())  //nolint:gosec // no secret
	binary.NativeEndian.PutUint64(id[8:], rand.Uint64()) //nolint:gosec // no secret
	id[6] = id[6]&0x0f | 0x40                            // version 4
	id[8] = id[8]&0x3f | 0x80                            // variant 10
	return id.String()
}
