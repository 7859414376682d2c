# Identities and a key, as Terraform users write them. TestTerraform of package kmstest applies them to a server.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region                      = "us-east-1"
  skip_requesting_account_id  = false
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_credentials_validation = false
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy" "power_user" {
  name = "AWSKeyManagementServicePowerUser"
}

# Users, groups and memberships.

resource "aws_iam_user" "alice" {
  name                 = "alice"
  path                 = "/people/"
  permissions_boundary = aws_iam_policy.boundary.arn
  tags                 = { team = "red" }
}

resource "aws_iam_user" "bob" {
  name          = "bob"
  force_destroy = true
}

resource "aws_iam_group" "operators" {
  name = "operators"
}

resource "aws_iam_group" "readers" {
  name = "readers"
  path = "/people/"
}

resource "aws_iam_user_group_membership" "alice" {
  user   = aws_iam_user.alice.name
  groups = [aws_iam_group.operators.name, aws_iam_group.readers.name]
}

resource "aws_iam_group_membership" "operators" {
  name  = "operators"
  group = aws_iam_group.operators.name
  users = [aws_iam_user.alice.name, aws_iam_user.bob.name]
}

resource "aws_iam_access_key" "alice" {
  user = aws_iam_user.alice.name
}

resource "aws_iam_access_key" "bob" {
  user   = aws_iam_user.bob.name
  status = "Inactive"
}

# Policies.

data "aws_iam_policy_document" "use" {
  statement {
    sid       = "Use"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.app.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:team"
      values   = ["$${aws:PrincipalTag/team}"]
    }
  }
}

resource "aws_iam_policy" "use" {
  name        = "use"
  path        = "/app/"
  description = "Use the key of the application."
  policy      = data.aws_iam_policy_document.use.json
  tags        = { purpose = "app" }
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:*", "sts:AssumeRole", "sts:TagSession"], Resource = "*" }]
  })
}

resource "aws_iam_user_policy" "assume" {
  name = "assume"
  user = aws_iam_user.alice.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Resource = aws_iam_role.app.arn }]
  })
}

resource "aws_iam_group_policy" "list" {
  name   = "list"
  group  = aws_iam_group.readers.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:List*", Resource = "*" }] })
}

resource "aws_iam_user_policy_attachment" "alice" {
  user       = aws_iam_user.alice.name
  policy_arn = aws_iam_policy.use.arn
}

resource "aws_iam_group_policy_attachment" "operators" {
  group      = aws_iam_group.operators.name
  policy_arn = data.aws_iam_policy.power_user.arn
}

resource "aws_iam_policy" "aliases" {
  name = "aliases"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:ListAliases", "kms:ListKeys"], Resource = "*" }]
  })
}

# Without a policy that is a permissions boundary, too: Terraform would take that for an attachment.
resource "aws_iam_policy_attachment" "aliases" {
  name       = "everywhere"
  policy_arn = aws_iam_policy.aliases.arn
  users      = [aws_iam_user.bob.name]
  groups     = [aws_iam_group.readers.name]
}

# A role, and a key with a policy that names it.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.alice.arn]
    }
  }
}

resource "aws_iam_role" "app" {
  name                 = "app"
  path                 = "/service/"
  description          = "The application."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.boundary.arn
  tags                 = { team = "blue" }
}

resource "aws_iam_role_policy" "app" {
  name = "app"
  role = aws_iam_role.app.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "kms:DescribeKey", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.use.arn
}

resource "aws_iam_service_linked_role" "multi_region" {
  aws_service_name = "mrk.kms.amazonaws.com"
}

resource "aws_kms_key" "app" {
  description             = "The key of the application."
  deletion_window_in_days = 7
  enable_key_rotation     = true
  tags                    = { team = "blue" }
}

resource "aws_kms_key_policy" "app" {
  key_id = aws_kms_key.app.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Role"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.app.arn }
        Action    = ["kms:Encrypt", "kms:Decrypt"]
        Resource  = "*"
        Condition = { StringEquals = { "kms:EncryptionContext:team" = "$${aws:PrincipalTag/team}" } }
      },
    ]
  })
}

resource "aws_kms_alias" "app" {
  name          = "alias/app"
  target_key_id = aws_kms_key.app.id
}

# What the policies come to.

data "aws_iam_principal_policy_simulation" "alice" {
  policy_source_arn = aws_iam_user.alice.arn
  action_names      = ["kms:Decrypt"]
  resource_arns     = [aws_kms_key.app.arn]

  context {
    key    = "kms:EncryptionContext:team"
    type   = "string"
    values = ["red"]
  }

  depends_on = [aws_iam_user_policy_attachment.alice, aws_kms_key_policy.app]
}

output "alice_may_decrypt" { value = data.aws_iam_principal_policy_simulation.alice.all_allowed }
output "alice_access_key" { value = aws_iam_access_key.alice.id }
output "alice_secret" {
  value     = aws_iam_access_key.alice.secret
  sensitive = true
}
output "role" { value = aws_iam_role.app.arn }
output "key" { value = aws_kms_key.app.arn }
