// Package cloudformation is the AWS CloudFormation API for the resources that strictkms has: KMS keys and aliases, and
// IAM users, groups, roles, policies and access keys
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html).
//
// Templates are read by package source/cloudformation. Resources are made by the operations of AWS KMS and IAM, with
// the permissions of the caller, as AWS CloudFormation does it without a service role
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html). A stack is made, changed
// or deleted while the call waits, one stack after another; what AWS answers at once and does later is done here before
// the answer. Other types of resources, nested stacks, macros, templates in Amazon S3, service roles, stack policies and
// imports of resources are refused.
package cloudformation
