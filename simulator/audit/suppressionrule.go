package audit

// The rules about suppressions themselves.
const (
	noReasonCode  = "KP901"
	unusedCode    = "KP902"
	malformedSupp = "KP903"
)

// suppressionRules are about what takes findings out; see [Filter].
var suppressionRules = []*Rule{
	{
		Code: noReasonCode, Name: "suppression-without-reason", Severity: Medium,
		Summary: "A suppression does not say why.",
		Why:     "Nobody can tell later whether it still holds. It is not applied.",
		Fix:     "Write the reason after the code: # strictkms:ignore KP304 the backup vault needs grants for any role.",
		Source:  suppressionPage,
	},
	{
		Code: unusedCode, Name: "suppression-without-finding", Severity: Medium,
		Summary: "A suppression takes nothing out.",
		Why:     "What it was for is mended, or it stands in the wrong place; the next finding there would go unseen.",
		Fix:     "Take it out.",
		Source:  suppressionPage,
	},
	{
		Code: malformedSupp, Name: "suppression-of-unknown-rule", Severity: Medium,
		Summary: "A suppression names no rule that there is.",
		Why:     "It takes nothing out.",
		Fix:     "Write the code of a rule, for example KP304: strictkms rules lists them.",
		Source:  suppressionPage,
	},
}

// suppressionPage is where suppressions are described.
const suppressionPage = "https://github.com/strictkms/strictkms/blob/main/docs/audit.md#suppressions"
