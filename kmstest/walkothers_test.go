package kmstest_test

import "strings"

// walkedOthers are the operations on aliases, grants, policies, tags, lists and key stores.
var walkedOthers = []walked{
	{
		name: "CreateAlias", kind: "symmetric", member: "TargetKeyId",
		request: func(w *walker, key string) in { return in{"AliasName": "alias/walk-" + w.next(), "TargetKeyId": key} },
		errors: map[string]provocation{
			"AlreadyExistsException": func(w *walker, _ *walked) refused {
				key := w.keyOf("symmetric")
				name := w.alias(key)
				return refused{
					in{"AliasName": name, "TargetKeyId": key},
					"An alias with the name " + strings.Replace(arnPrefix, "key/", name, 1) + " already exists",
				}
			},
			"InvalidAliasNameException": func(w *walker, _ *walked) refused {
				return refused{in{"AliasName": "alias/aws/walk", "TargetKeyId": w.keyOf("symmetric")}, ""}
			},
			"LimitExceededException": manyAliases,
		},
	},
	{
		name: "UpdateAlias", kind: "symmetric", member: "TargetKeyId",
		request: func(w *walker, key string) in {
			return in{"AliasName": w.alias(w.keyOf("symmetric")), "TargetKeyId": key}
		},
		errors: map[string]provocation{"LimitExceededException": manyAliases},
	},
	{
		name: "DeleteAlias", kind: "symmetric", request: func(w *walker, key string) in { return in{"AliasName": w.alias(key)} },
		errors: map[string]provocation{
			"NotFoundException": func(*walker, *walked) refused {
				return refused{in{"AliasName": "alias/none"}, "Alias " + strings.Replace(arnPrefix, "key/", "alias/none", 1) + " is not found."}
			},
		},
		never: map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "ListAliases", kind: "symmetric", request: keyRequest, answers: []string{"Aliases"},
	},
	{name: "ListKeys", request: func(*walker, string) in { return in{} }, answers: []string{"Keys"}},
	{
		name: "CreateGrant", kind: "symmetric", request: grantRequest, answers: []string{"GrantId", "GrantToken"},
		never: map[string]string{"LimitExceededException": "it comes at 50,000 grants on a key, which take minutes to make"},
	},
	{
		name: "ListGrants", kind: "symmetric", request: keyRequest, answers: []string{"Grants"},
		errors: map[string]provocation{"InvalidGrantIdException": grantID},
		never:  map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "ListRetirableGrants", answers: []string{"Grants"},
		request: func(*walker, string) in { return in{"RetiringPrincipal": "arn:aws:iam::111122223333:user/alice"} },
		errors: map[string]provocation{
			"InvalidArnException": func(*walker, *walked) refused {
				return refused{in{"RetiringPrincipal": "nobody"}, "ARN does not refer to a valid principal: nobody"}
			},
		},
		never: map[string]string{"NotFoundException": "there is nothing that the request names but a principal, whose grants are none"},
	},
	{
		name: "RetireGrant", kind: "symmetric", request: endRequest,
		errors: map[string]provocation{
			"InvalidGrantIdException":    grantID,
			"InvalidGrantTokenException": func(*walker, *walked) refused { return refused{in{"GrantToken": "nonsense"}, ""} },
		},
		never: map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "RevokeGrant", kind: "symmetric", request: endRequest,
		errors: map[string]provocation{"InvalidGrantIdException": grantID},
		never:  map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "GetKeyPolicy", kind: "symmetric", request: keyRequest, answers: []string{"Policy", "PolicyName"},
		never: map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "ListKeyPolicies", kind: "symmetric", request: keyRequest, answers: []string{"PolicyNames"},
		never: map[string]string{"KMSInvalidStateException": everyState},
	},
	{
		name: "PutKeyPolicy", kind: "symmetric",
		request: func(w *walker, key string) in {
			return in{"KeyId": key, "Policy": w.do("GetKeyPolicy", keyRequest(w, key))["Policy"]}
		},
		errors: map[string]provocation{"LimitExceededException": longPolicy},
		never: map[string]string{
			"KMSInvalidStateException":      everyState,
			"UnsupportedOperationException": "every key has a policy that can be replaced",
		},
	},
	{
		name: "TagResource", kind: "symmetric",
		request: func(_ *walker, key string) in {
			return in{"KeyId": key, "Tags": []in{{"TagKey": "a", "TagValue": "b"}}}
		},
		never: map[string]string{"LimitExceededException": "more than 50 tags are TagException, as AWS was seen to answer"},
	},
	{
		name: "UntagResource", kind: "symmetric",
		request: func(_ *walker, key string) in { return in{"KeyId": key, "TagKeys": []string{"a"}} },
		errors: map[string]provocation{
			"TagException": func(w *walker, op *walked) refused {
				return refused{op.request(w, w.keyOf(op.kind)).with(in{"TagKeys": []string{"aws:a"}}), "Tags beginning with aws: are reserved"}
			},
		},
	},
	{name: "ListResourceTags", kind: "symmetric", request: keyRequest, answers: []string{"Tags"}},
}

// grantRequest makes a grant that alice may retire.
func grantRequest(_ *walker, key string) in {
	return in{
		"KeyId": key, "GranteePrincipal": "arn:aws:iam::111122223333:user/bob", "Operations": []string{"Decrypt"},
		"RetiringPrincipal": "arn:aws:iam::111122223333:user/alice",
	}
}

// endRequest names a grant on a key.
func endRequest(w *walker, key string) in { return in{"KeyId": key, "GrantId": w.grant(key)} }

// grantID is an id that no grant can have.
func grantID(w *walker, op *walked) refused {
	return refused{op.request(w, w.keyOf(op.kind)).with(in{"GrantId": "nonsense"}), ""}
}

// manyAliases is a key with as many aliases as it can have.
func manyAliases(w *walker, op *walked) refused {
	key := w.keyOf("symmetric")
	request := op.request(w, key)
	for range 50 {
		w.alias(key)
	}
	return refused{request, "The key " + arn(key) + " has the maximum number of aliases, 50."}
}
