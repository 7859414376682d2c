package kms

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// IsUse reports whether an operation counts as a use of a key, of which GetKeyLastUsage tells the record in the log.
func IsUse(operation string) bool { return slices.Contains(trackedOperations, operation) }

// EventID is the id of the record that AWS CloudTrail, or the decision log in its place, has of a use of a key: of the
// request, for an account.
func EventID(requestID, account string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.Join([]string{"strictkms:event", requestID, account}, ":"))).String()
}

type getKeyLastUsageInput struct {
	KeyId *string `kms:"required,min=1,max=2048"`
}

type getKeyLastUsageOutput struct {
	KeyId             string
	KeyLastUsage      keyLastUsageData
	TrackingStartDate timestamp
	KeyCreationDate   timestamp
}

type keyLastUsageData struct {
	Operation         string     `json:",omitempty"`
	Timestamp         *timestamp `json:",omitempty"`
	CloudTrailEventId string     `json:",omitempty"`
	KmsRequestId      string     `json:",omitempty"`
}

// getKeyLastUsage is https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html.
func getKeyLastUsage(c *call, in *getKeyLastUsageInput) (*getKeyLastUsageOutput, error) {
	key, err := c.usableKey(*in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	out := &getKeyLastUsageOutput{
		KeyId: key.ID, TrackingStartDate: timestamp(c.service.trackingStart(key)),
		KeyCreationDate: timestamp(key.Metadata.CreationDate),
	}
	if last := key.usage.last.Load(); last != nil {
		out.KeyLastUsage = keyLastUsageData{
			Operation: last.Operation, Timestamp: (*timestamp)(&last.Time), KmsRequestId: last.RequestID,
		}
		if last.RequestID != "" {
			out.KeyLastUsage.CloudTrailEventId = EventID(last.RequestID, key.Account)
		}
	}
	return out, nil
}
