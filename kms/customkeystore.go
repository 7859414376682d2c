package kms

// customKeyStoreOperations are the operations on custom key stores that are there. There are no custom key stores.
var customKeyStoreOperations = []operation{
	answers("DescribeCustomKeyStores", describeCustomKeyStores),
}

type describeCustomKeyStoresInput struct {
	CustomKeyStoreId   *string `kms:"min=1,max=64"`
	CustomKeyStoreName *string `kms:"min=1,max=256"`
	Limit              *int32  `kms:"min=1,max=1000"`
	Marker             *string `kms:"min=1,max=1024,pattern=MarkerType"`
}

type describeCustomKeyStoresOutput struct {
	CustomKeyStores []customKeyStore
	paging
}

// customKeyStore would be an entry of the list.
type customKeyStore struct{ CustomKeyStoreId, CustomKeyStoreName string }

// describeCustomKeyStores lists no custom key stores, since none can be created, and finds none that is named.
func describeCustomKeyStores(c *call, in *describeCustomKeyStoresInput) (*describeCustomKeyStoresOutput, error) {
	if in.CustomKeyStoreId != nil && in.CustomKeyStoreName != nil {
		return nil, failf(CodeValidation, "You can specify CustomKeyStoreId or CustomKeyStoreName, but not both.")
	}
	if _, err := afterMarker("customKeyStores", in.Marker); err != nil {
		return nil, err
	}
	if err := c.authorize("kms:DescribeCustomKeyStores", nil, nil); err != nil {
		return nil, err
	}
	if in.CustomKeyStoreId != nil || in.CustomKeyStoreName != nil {
		return nil, &Error{
			Code:    CodeCustomKeyStoreNotFound,
			Message: "The request was rejected because AWS KMS cannot find a custom key store with the specified key store name or ID.",
		}
	}
	return &describeCustomKeyStoresOutput{CustomKeyStores: []customKeyStore{}}, nil
}
