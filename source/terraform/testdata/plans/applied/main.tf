# As greenfield, without what only AWS has: a test applies the plan, and compares what it foretold.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

variable "region" {
  default = "eu-west-1"
}

variable "no_policy" {
  type    = string
  default = null
}

provider "aws" {
  region                 = var.region
  skip_region_validation = true
  default_tags {
    tags = { owner = "platform" }
  }
}

provider "aws" {
  alias                  = "replica"
  region                 = "us-west-2"
  skip_region_validation = true
  default_tags {
    tags = { owner = "platform" }
  }
}

data "aws_caller_identity" "current" {}

# Roles, users and groups.

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "app" {
  name               = "app"
  path               = "/service/"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
  tags               = { team = "red" }
}

resource "aws_iam_role" "worker" {
  for_each           = toset(["day", "night"])
  name_prefix        = "worker-${each.key}-"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role" "inline" {
  name                 = "inline"
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = aws_iam_policy.boundary.arn
  inline_policy {
    name   = "use"
    policy = data.aws_iam_policy_document.use.json
  }
  inline_policy {
    name   = "encoded"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:ListAliases", Resource = "*" }] })
  }
}

resource "aws_iam_user" "alice" {
  name = "alice"
}

resource "aws_iam_user" "bob" {
  name = "bob"
}

resource "aws_iam_group" "readers" {
  name = "readers"
}

resource "aws_iam_user_group_membership" "alice" {
  user   = aws_iam_user.alice.name
  groups = [aws_iam_group.readers.name]
}

resource "aws_iam_group_policy" "readers" {
  name   = "read"
  group  = aws_iam_group.readers.name
  policy = data.aws_iam_policy_document.use.json
}

resource "aws_iam_access_key" "alice" {
  user = aws_iam_user.alice.name
}

# Policies.

data "aws_iam_policy_document" "use" {
  statement {
    sid       = "Use"
    actions   = ["kms:Decrypt", "kms:DescribeKey"]
    resources = [aws_kms_key.shared.arn]
  }
}

data "aws_iam_policy_document" "boundary" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name   = "boundary"
  policy = data.aws_iam_policy_document.boundary.json
}

resource "aws_iam_policy" "use" {
  name_prefix = "use-"
  policy      = data.aws_iam_policy_document.use.json
}

resource "aws_iam_role_policy_attachment" "worker" {
  for_each   = aws_iam_role.worker
  role       = each.value.name
  policy_arn = aws_iam_policy.use.arn
}

resource "aws_iam_user_policy" "bob" {
  user = aws_iam_user.bob.name
  name = "encoded"
  # The whole text is known after apply: a plan does not have its expression.
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.shared.arn }] })
}

# Keys.

data "aws_iam_policy_document" "root" {
  statement {
    sid       = "Root"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

data "aws_iam_policy_document" "shared" {
  source_policy_documents = [data.aws_iam_policy_document.root.json]
  statement {
    sid       = "Workers"
    actions   = ["kms:Encrypt"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [for w in aws_iam_role.worker : w.arn]
    }
    principals {
      type        = "Service"
      identifiers = ["logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:tenant"
      values   = ["a", "b"]
    }
  }
  dynamic "statement" {
    for_each = ["kms:Sign", "kms:Verify"]
    content {
      actions   = [statement.value]
      resources = ["*"]
      principals {
        type        = "AWS"
        identifiers = [aws_iam_role.app.arn]
      }
    }
  }
  statement {
    sid       = "App"
    actions   = ["kms:ReEncryptFrom"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.app.arn]
    }
  }
}

resource "aws_kms_key" "shared" {
  description             = "what everybody uses"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  tags                    = { team = "red" }
}

resource "aws_kms_key_policy" "shared" {
  key_id = aws_kms_key.shared.id
  policy = data.aws_iam_policy_document.shared.json
}

resource "aws_kms_alias" "shared" {
  name          = "alias/shared"
  target_key_id = aws_kms_key.shared.key_id
}

resource "aws_kms_grant" "bob" {
  name              = "bob"
  key_id            = aws_kms_key.shared.key_id
  grantee_principal = aws_iam_user.bob.arn
  operations        = ["GenerateDataKey", "Decrypt"]
}

resource "aws_kms_key" "plain" {
  policy = var.no_policy
}

resource "aws_kms_key" "encoded" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = [aws_iam_role.app.arn, "arn:aws:iam::111122223333:root"] } }] })
}

resource "aws_kms_external_key" "imported" {
  bypass_policy_lockout_safety_check = true
}

resource "aws_kms_key" "primary" {
  multi_region = true
  policy       = data.aws_iam_policy_document.root.json
}

locals {
  policy = data.aws_iam_policy_document.shared.json
}

resource "aws_kms_key" "local" {
  policy = local.policy
}

module "vault" {
  source    = "./modules/vault"
  for_each  = toset(["blue", "green"])
  name      = each.key
  user      = aws_iam_role.app
  providers = { aws = aws.replica }
}

resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = module.vault["blue"].policy_arn
}
