package iam

import (
	"sync/atomic"
	"time"
)

// KeyUse is the last use of an access key.
type KeyUse struct {
	Time time.Time
	// Service and Region are where it was used, for example kms and us-east-1.
	Service, Region string
}

// Used notes that a call was signed with a long-term access key. It is remembered as long as the process lives: AWS
// does not promise more precision, and a write to the store for each call would be out of proportion.
func (s *Service) Used(accessKeyID, service, region string) {
	snap := s.memory.current.Load()
	if _, ok := snap.keys.Get(accessKeyID); !ok {
		return
	}
	kept, ok := s.uses.Load(accessKeyID)
	if !ok {
		kept, _ = s.uses.LoadOrStore(accessKeyID, &atomic.Pointer[KeyUse]{})
	}
	last := kept.(*atomic.Pointer[KeyUse]) //nolint:forcetypeassert // nothing else is stored
	now := s.now().Truncate(time.Second)
	if was := last.Load(); was == nil || !was.Time.Equal(now) || was.Service != service || was.Region != region {
		last.Store(&KeyUse{now, service, region})
	}
}

// LastUse returns the last use of an access key that this process knows of, nil for none.
func (s *Service) LastUse(accessKeyID string) *KeyUse {
	kept, ok := s.uses.Load(accessKeyID)
	if !ok {
		return nil
	}
	return kept.(*atomic.Pointer[KeyUse]).Load() //nolint:forcetypeassert // nothing else is stored
}
