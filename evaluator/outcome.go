package evaluator

// outcome sums up what a layer says about the request.
func (x *explainer) outcome(layer layerKind) string {
	if !x.applies(layer) {
		return outcomeNotApplicable
	}
	matched := map[class]bool{}
	for i := range x.results {
		if x.results[i].layer == layer {
			for _, c := range x.results[i].classes {
				matched[c] = true
			}
		}
	}
	suffices := x.f.has(callerSameAccount) || x.f.has(callerService)
	named := matched[classDirect] || matched[classLimited] && x.f.limitedSuffices()
	switch {
	case matched[classDeny]:
		return outcomeDeny
	case layer == layerSCP:
		return allowIf(x.f.has(scpAllow))
	case layer == layerRCP: // RCPFullAWSAccess cannot be detached
		return outcomeAllow
	case layer == layerKey && x.f.has(actionRetireGrant):
		return outcomeNone
	case layer == layerKey && (named || matched[classLimited]) && !suffices:
		return outcomeDelegates
	case named, matched[classDelegate] && x.f.has(callerRoot):
		return outcomeAllow
	case matched[classDelegate], matched[classLimited]:
		return outcomeDelegates
	default:
		return allowIf(matched[classAllow])
	}
}

func allowIf(allowed bool) string {
	if allowed {
		return outcomeAllow
	}
	return outcomeNone
}

// applies reports whether the layer has a say.
func (x *explainer) applies(layer layerKind) bool {
	p := x.q.req.Principal
	switch layer {
	case layerSCP:
		return x.f.has(scpApplies)
	case layerRCP:
		return len(x.q.rcps) > 0
	case layerEndpoint:
		return x.f.has(endpointApplies)
	case layerKey:
		return x.q.key != nil
	case layerGrant:
		return len(x.q.grants) > 0
	case layerIdentity:
		return !p.outside() && p.Type != Root
	case layerBoundary:
		return x.f.has(boundaryApplies)
	case layerSession:
		return x.f.has(sessionApplies)
	default: // not reached: these are the layers
		return false
	}
}
