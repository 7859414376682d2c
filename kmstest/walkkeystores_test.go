package kmstest_test

// walkedKeyStores are the operations on custom key stores, and GenerateRandom, which can be asked of one.
var walkedKeyStores = []walked{
	{
		name: "GenerateRandom", answers: []string{"Plaintext"}, request: func(*walker, string) in { return in{"NumberOfBytes": 8} },
		never: map[string]string{
			"CustomKeyStoreInvalidStateException": noKeyStores,
			"CustomKeyStoreNotFoundException":     noKeyStores,
			"UnsupportedOperationException":       noKeyStores,
		},
	},
	{
		name: "DescribeCustomKeyStores", answers: []string{"CustomKeyStores"},
		request: func(*walker, string) in { return in{} },
		errors: map[string]provocation{
			"CustomKeyStoreNotFoundException": func(*walker, *walked) refused {
				return refused{
					in{"CustomKeyStoreId": "cks-none"},
					"The request was rejected because AWS KMS cannot find a custom key store with the specified key store name or ID.",
				}
			},
		},
	},
}

const noKeyStores = "there are no custom key stores"

// walkedNowhere are the operations that are not there.
var walkedNowhere = []string{
	"ConnectCustomKeyStore", "CreateCustomKeyStore", "DeleteCustomKeyStore", "DisconnectCustomKeyStore", "UpdateCustomKeyStore",
}
