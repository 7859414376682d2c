package api

import (
	"fmt"
	"strings"

	"github.com/strictkms/strictkms/iam"
)

var serviceLinkedRoleOperations = []operationOf{
	answers("CreateServiceLinkedRole", createServiceLinkedRole),
	answers("DeleteServiceLinkedRole", deleteServiceLinkedRole),
	answers("GetServiceLinkedRoleDeletionStatus", getServiceLinkedRoleDeletionStatus),
}

// linkedService is a service with the role that it has in an account.
type linkedService struct {
	role, policy string
	// suffix is true for a service that can have several roles, told apart by the ends of their names.
	suffix bool
}

// linkedServices are the services that use keys of AWS KMS with a service-linked role, and those of AWS KMS itself, by
// their service principals
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html, where the services
// with service-linked roles link to the names of their roles and policies).
var linkedServices = map[string]linkedService{
	"access-analyzer.amazonaws.com":      {role: "AccessAnalyzer", policy: "AccessAnalyzerServiceRolePolicy"},
	"autoscaling.amazonaws.com":          {role: "AutoScaling", policy: "AutoScalingServiceRolePolicy", suffix: true},
	"backup.amazonaws.com":               {role: "Backup", policy: "AWSBackupServiceLinkedRolePolicyForBackup"},
	"cks.kms.amazonaws.com":              {role: "KeyManagementServiceCustomKeyStores", policy: "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy"},
	"cloudtrail.amazonaws.com":           {role: "CloudTrail", policy: "CloudTrailServiceRolePolicy"},
	"config.amazonaws.com":               {role: "Config", policy: "AWSConfigServiceRolePolicy"},
	"dax.amazonaws.com":                  {role: "DAX", policy: "DAXServiceRolePolicy"},
	"ecs.amazonaws.com":                  {role: "ECS", policy: "AmazonECSServiceRolePolicy"},
	"eks.amazonaws.com":                  {role: "AmazonEKS", policy: "AmazonEKSServiceRolePolicy"},
	"elasticache.amazonaws.com":          {role: "ElastiCache", policy: "ElastiCacheServiceRolePolicy"},
	"elasticfilesystem.amazonaws.com":    {role: "AmazonElasticFileSystem", policy: "AmazonElasticFileSystemServiceRolePolicy"},
	"elasticloadbalancing.amazonaws.com": {role: "ElasticLoadBalancing", policy: "AWSElasticLoadBalancingServiceRolePolicy"},
	"es.amazonaws.com":                   {role: "AmazonElasticsearchService", policy: "AmazonElasticsearchServiceRolePolicy"},
	"fsx.amazonaws.com":                  {role: "AmazonFSx", policy: "AmazonFSxServiceRolePolicy"},
	"guardduty.amazonaws.com":            {role: "AmazonGuardDuty", policy: "AmazonGuardDutyServiceRolePolicy"},
	"memorydb.amazonaws.com":             {role: "MemoryDB", policy: "MemoryDBServiceRolePolicy"},
	"mrk.kms.amazonaws.com":              {role: "KeyManagementServiceMultiRegionKeys", policy: "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"},
	"opensearchservice.amazonaws.com":    {role: "AmazonOpenSearchService", policy: "AmazonOpenSearchServiceRolePolicy"},
	"ops.apigateway.amazonaws.com":       {role: "APIGateway", policy: "APIGatewayServiceRolePolicy"},
	"organizations.amazonaws.com":        {role: "Organizations", policy: "AWSOrganizationsServiceTrustPolicy"},
	"rds.amazonaws.com":                  {role: "RDS", policy: "AmazonRDSServiceRolePolicy"},
	"redshift.amazonaws.com":             {role: "Redshift", policy: "AmazonRedshiftServiceLinkedRolePolicy"},
	"replication.dynamodb.amazonaws.com": {role: "DynamoDBReplication", policy: "DynamoDBReplicationServiceRolePolicy"},
	"spot.amazonaws.com":                 {role: "EC2Spot", policy: "AWSEC2SpotServiceRolePolicy"},
	"ssm.amazonaws.com":                  {role: "AmazonSSM", policy: "AmazonSSMServiceRolePolicy"},
}

const serviceLinkedPath = "/aws-service-role/"

type createServiceLinkedRoleInput struct {
	AWSServiceName *string `iam:"required,min=1,max=128,pattern=name"`
	Description    *string `iam:"max=1000,pattern=description"`
	CustomSuffix   *string `iam:"min=1,max=64,pattern=name"`
}

type createServiceLinkedRoleOutput struct{ Role roleOutput }

func createServiceLinkedRole(c *call, in *createServiceLinkedRoleInput) (*createServiceLinkedRoleOutput, error) {
	name := *in.AWSServiceName
	service, known := linkedServices[name]
	r := iam.RoleDetail{
		Account: c.Account, Path: serviceLinkedPath + name + "/", Name: "AWSServiceRoleFor" + service.role, Description: value(in.Description, ""),
		ServiceLinked: true, Attached: []string{c.linkedPolicy(service.policy)},
		Trust: fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}]}`, name),
	}
	if in.CustomSuffix != nil {
		r.Name += "_" + *in.CustomSuffix
	}
	var out createServiceLinkedRoleOutput
	err := c.edit(func(e *iam.Edit) error {
		on := resource{arn: c.arn(iam.KindRole, r.Path, r.Name)}
		if err := c.authorize("iam:CreateServiceLinkedRole", on, keys{"iam:AWSServiceName": {name}}); err != nil {
			return err
		}
		switch {
		case !known:
			return invalidInput("Service-linked roles for the service %s are not known.", name)
		case in.CustomSuffix != nil && !service.suffix:
			return invalidInput("Custom suffix is not allowed for %s", name)
		case e.NameTaken(c.Account, iam.KindRole, r.Name):
			return invalidInput("Service role name %s has been taken in this account, please try a different suffix.", r.Name)
		case count(e.View().Roles(c.Account)) >= maxRoles:
			return quota("RolesPerAccount", maxRoles)
		}
		made := r
		if err := e.PutRole(&made); err != nil {
			return err
		}
		out.Role = c.listedRole(&made)
		return nil
	})
	return &out, err
}

// linkedPolicy is the ARN of the policy of a service-linked role. What is in those that have to do with AWS KMS is
// known here; others are attached all the same, and explanations tell that they are not known.
func (c *call) linkedPolicy(name string) string {
	return iam.ARN(c.Partition, iam.AWS, iam.KindPolicy, serviceLinkedPath, name)
}

type deleteServiceLinkedRoleOutput struct{ DeletionTaskId string }

// deleteServiceLinkedRole deletes a role at once: there are no services here that could still use it. The task is told
// by the path and the unique id of the role.
func deleteServiceLinkedRole(c *call, in *roleInput) (*deleteServiceLinkedRoleOutput, error) {
	var out deleteServiceLinkedRoleOutput
	err := c.edit(func(e *iam.Edit) error {
		r := e.Role(c.Account, *in.RoleName)
		if err := c.authorize("iam:DeleteServiceLinkedRole", c.role(r, *in.RoleName)); err != nil {
			return err
		}
		if r == nil || !r.IsServiceLinked() {
			return noSuch("role", *in.RoleName)
		}
		out.DeletionTaskId = "task" + r.Path + r.Name + "/" + r.ID
		return e.DeleteRole(c.Account, r.Name)
	})
	return &out, err
}

type deletionStatusInput struct {
	DeletionTaskId *string `iam:"required,min=1,max=1000"`
}

type deletionStatusOutput struct{ Status string }

// getServiceLinkedRoleDeletionStatus tells of a task that it is done, unless the role that it is about is there.
func getServiceLinkedRoleDeletionStatus(c *call, in *deletionStatusInput) (*deletionStatusOutput, error) {
	parts := strings.Split(*in.DeletionTaskId, "/")
	name := "*"
	if len(parts) > 2 {
		name = parts[len(parts)-2]
	}
	if err := c.authorize("iam:GetServiceLinkedRoleDeletionStatus", resource{arn: c.arn(iam.KindRole, serviceLinkedPath, name)}); err != nil {
		return nil, err
	}
	const taskParts = 5 // task, aws-service-role, the service, the role, its id
	if len(parts) != taskParts || parts[0] != "task" || linkedServices[parts[2]].role == "" {
		return nil, invalidInput("Invalid deletion task id: %s", *in.DeletionTaskId)
	}
	if r := c.view.Role(c.Account, name); r != nil && r.ID == parts[4] {
		return nil, iam.Errorf(iam.CodeNoSuchEntity, "Deletion task %s cannot be found.", *in.DeletionTaskId)
	}
	return &deletionStatusOutput{"SUCCEEDED"}, nil
}
