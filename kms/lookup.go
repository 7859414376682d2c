package kms

import (
	"strings"

	"github.com/strictkms/strictkms/policy"
)

// KeyByARN returns the key of an ARN as it is now, nil when there is none: for questions about what a call would be
// answered. It is for whoever may see everything; calls of the API find their key in [Service.Do].
func (s *Service) KeyByARN(arn string) *Key {
	parsed, ok := policy.ParseARN(arn)
	if !ok || s.state.follower.Err() != nil {
		return nil
	}
	id, _ := strings.CutPrefix(parsed.Resource, "key/")
	key := s.state.current.Load().key(parsed.Account + "/" + parsed.Region + "/" + id)
	if key == nil || key.ARN != arn {
		return nil
	}
	return key
}
