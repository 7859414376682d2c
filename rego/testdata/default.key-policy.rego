# default.key-policy.json
package strictkms.unit.default

# Statement 0 "Enable IAM policies", Allow, default.key-policy.json:4:5
delegate contains 0 if input.principal.account == "111122223333"
