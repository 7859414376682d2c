# Everything that is rare: what a plan only half tells, organizations, VPC endpoints, exclusive resources.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "member_role" {
  default = "arn:aws:iam::444455556666:role/deploy"
}

provider "aws" {
  region                      = "eu-west-1"
  skip_region_validation      = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "china"
  region                      = "cn-north-1"
  access_key                  = "AKIAIOSFODNN7EXAMPLE"
  secret_key                  = "example"
  skip_region_validation      = true
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}

locals {
  trust = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}

# Values that are not known at all.

resource "aws_sqs_queue" "unknown" {
  name_prefix = "q"
}

resource "aws_iam_role" "unknown_name" {
  name               = substr(aws_sqs_queue.unknown.arn, 0, 20)
  assume_role_policy = local.trust
}

resource "aws_iam_role" "known" {
  name               = "known"
  assume_role_policy = data.aws_iam_policy_document.deferred_trust.json
  managed_policy_arns = [
    "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser", aws_iam_policy.one.arn, aws_sqs_queue.unknown.arn,
  ]
  tags = { fixed = "x" }
}

data "aws_iam_policy_document" "deferred_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.u.arn]
    }
  }
}

resource "aws_iam_user" "u" {
  name                 = "u"
  permissions_boundary = aws_sqs_queue.unknown.arn
}

resource "aws_iam_user" "v" {
  name = "v"
}

resource "aws_iam_group" "g" {
  name = "g"
}

resource "aws_iam_policy" "one" {
  name   = "one"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "One", Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }] })
}

resource "aws_iam_policy" "two" {
  name   = "two"
  path   = "/some/"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Two", Effect = "Deny", Action = "kms:Sign", Resource = "*" }] })
}

resource "aws_iam_policy_attachment" "everywhere" {
  name       = "everywhere"
  policy_arn = aws_iam_policy.two.arn
  users      = [aws_iam_user.v.name, aws_sqs_queue.unknown.id]
  groups     = [aws_iam_group.g.name]
  roles      = [aws_iam_role.known.name]
}

resource "aws_iam_group_policy_attachment" "unknown" {
  group      = aws_iam_group.g.name
  policy_arn = aws_sqs_queue.unknown.arn
}

resource "aws_iam_group_membership" "g" {
  name  = "g"
  group = aws_iam_group.g.name
  users = [aws_iam_user.u.name, aws_sqs_queue.unknown.id]
}

resource "aws_iam_user_group_membership" "u" {
  user   = aws_iam_user.u.name
  groups = [aws_sqs_queue.unknown.id]
}

resource "aws_iam_user_policy" "for_whom" {
  name   = "whom"
  user   = aws_sqs_queue.unknown.id
  policy = aws_iam_policy.one.policy
}

resource "aws_iam_access_key" "whose" {
  user = aws_sqs_queue.unknown.id
}

# Exclusive lists.

resource "aws_iam_role" "exclusive" {
  name               = "exclusive"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "kept" {
  role   = aws_iam_role.exclusive.name
  name   = "kept"
  policy = aws_iam_policy.one.policy
}

resource "aws_iam_role_policy" "dropped" {
  role   = aws_iam_role.exclusive.name
  name   = "dropped"
  policy = aws_iam_policy.two.policy
}

resource "aws_iam_role_policies_exclusive" "exclusive" {
  role_name    = aws_iam_role.exclusive.name
  policy_names = [aws_iam_role_policy.kept.name]
}

resource "aws_iam_role_policy_attachments_exclusive" "exclusive" {
  role_name   = aws_iam_role.exclusive.name
  policy_arns = [aws_iam_policy.two.arn]
}

resource "aws_iam_user_policy_attachments_exclusive" "u" {
  user_name   = aws_iam_user.u.name
  policy_arns = [aws_iam_policy.one.arn, aws_sqs_queue.unknown.arn]
}

resource "aws_iam_service_linked_role" "grafana" {
  aws_service_name = "grafana.amazonaws.com"
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://ci.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["cf23df2207d99a74fbe169e3eba035e633b65d94"]
}

# Policies in every form.

data "aws_iam_policy_document" "base" {
  statement {
    sid       = "Base"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:CallerAccount"
      values   = ["111122223333"]
    }
  }
  statement {
    sid       = "Replaced"
    actions   = ["kms:Encrypt"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.u.arn]
    }
  }
}

data "aws_iam_policy_document" "over" {
  statement {
    sid       = "Replaced"
    effect    = "Deny"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
    not_principals {
      type        = "AWS"
      identifiers = [aws_iam_user.v.arn, aws_iam_user.u.arn]
    }
    condition {
      test     = "StringLike"
      variable = "aws:PrincipalTag/team"
      values   = ["&{aws:username}", "x*"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:PrincipalTag/team"
      values   = ["y"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = [aws_iam_role.known.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceVpce"
      values   = [aws_vpc_endpoint.kms.id]
    }
    condition {
      test     = "StringEquals"
      variable = aws_sqs_queue.unknown.name
      values   = ["z"]
    }
  }
}

data "aws_iam_policy_document" "composed" {
  policy_id                 = "composed"
  source_policy_documents   = [data.aws_iam_policy_document.base.json, jsonencode({ Id = "inner", Statement = { Sid = "Text", Effect = "Allow", Principal = "*", Action = "kms:Verify", Resource = "*" } })]
  override_policy_documents = [data.aws_iam_policy_document.over.json]
  statement {
    sid       = "Own"
    actions   = ["kms:Sign", "kms:${substr(aws_sqs_queue.unknown.arn, 0, 4)}"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.u.arn, "${aws_iam_user.v.arn}-x", aws_sqs_queue.unknown.arn]
    }
  }
  statement {
    sid       = "Twice"
    actions   = ["kms:DescribeKey"]
    resources = [aws_iam_user.u.arn, "${aws_iam_user.u.arn}x"]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "composed" {
  policy = data.aws_iam_policy_document.composed.json
}

resource "aws_kms_key" "choice" {
  policy = var.member_role == "" ? null : coalesce(null, data.aws_iam_policy_document.base.json)
}

resource "aws_kms_key" "effect" {
  policy = data.aws_iam_policy_document.effect.json
}

data "aws_iam_policy_document" "effect" {
  statement {
    effect    = aws_sqs_queue.unknown.name == "x" ? "Allow" : "Deny"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

resource "aws_kms_key" "spec" {
  customer_master_key_spec = aws_sqs_queue.unknown.name == "x" ? "RSA_2048" : "SYMMETRIC_DEFAULT"
  description              = aws_sqs_queue.unknown.name
  multi_region             = true
  is_enabled               = false
}

resource "aws_kms_key" "china" {
  provider                = aws.china
  enable_key_rotation     = true
  rotation_period_in_days = 100
}

resource "aws_kms_alias" "whose" {
  name          = "alias/whose"
  target_key_id = aws_sqs_queue.unknown.arn
}

resource "aws_kms_alias" "prefix" {
  name_prefix   = "alias/prefix-"
  target_key_id = aws_kms_key.choice.arn
}

resource "aws_kms_alias" "elsewhere" {
  name          = "alias/elsewhere"
  target_key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
}

resource "aws_kms_replica_key" "elsewhere" {
  provider        = aws.china
  primary_key_arn = "arn:aws-cn:kms:cn-northwest-1:777788889999:key/mrk-1234abcd12ab34cd56ef1234567890ab"
}

resource "aws_kms_grant" "whom" {
  key_id            = aws_kms_key.choice.key_id
  grantee_principal = aws_sqs_queue.unknown.arn
  operations        = ["Decrypt"]
}

resource "aws_kms_grant" "constrained" {
  key_id             = aws_kms_key.choice.key_id
  grantee_principal  = aws_iam_role.known.arn
  retiring_principal = aws_iam_user.u.arn
  operations         = ["Decrypt", "CreateGrant"]
  constraints {
    encryption_context_subset = { tenant = aws_sqs_queue.unknown.name }
  }
}

# A VPC endpoint.

resource "aws_vpc_endpoint" "kms" {
  vpc_id            = "vpc-11112222333344445"
  service_name      = "com.amazonaws.eu-west-1.kms"
  vpc_endpoint_type = "Interface"
}

resource "aws_vpc_endpoint_policy" "kms" {
  vpc_endpoint_id = aws_vpc_endpoint.kms.id
  policy          = data.aws_iam_policy_document.endpoint.json
}

data "aws_iam_policy_document" "endpoint" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.choice.arn]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

resource "aws_vpc_endpoint" "open" {
  vpc_id            = "vpc-11112222333344445"
  service_name      = "com.amazonaws.eu-west-1.kms-fips"
  vpc_endpoint_type = "Interface"
}

resource "aws_vpc_endpoint" "other" {
  vpc_id            = "vpc-11112222333344445"
  service_name      = "com.amazonaws.eu-west-1.s3"
  vpc_endpoint_type = "Gateway"
}

# An organization.

resource "aws_organizations_organization" "org" {
  enabled_policy_types = ["SERVICE_CONTROL_POLICY"]
}

resource "aws_organizations_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = aws_organizations_organization.org.roots[0].id
}

resource "aws_organizations_account" "new" {
  name      = "new"
  email     = "new@example.com"
  parent_id = aws_organizations_organizational_unit.workloads.id
}

resource "aws_organizations_policy" "scp" {
  name    = "no-deletion"
  content = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "NoDeletion", Effect = "Deny", Action = "kms:ScheduleKeyDeletion", Resource = "*" }] })
}

resource "aws_organizations_policy_attachment" "workloads" {
  policy_id = aws_organizations_policy.scp.id
  target_id = aws_organizations_organizational_unit.workloads.id
}
