# Keys of every kind that the provider has, and what goes with them. TestTerraformKeys of package kmstest applies, changes and
# destroys them.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  skip_region_validation  = true
}

provider "aws" {
  alias                   = "ireland"
  region                  = "eu-west-1"
  skip_metadata_api_check = true
  skip_region_validation  = true
}

variable "generation" {
  type    = string
  default = "first"
}

data "aws_caller_identity" "current" {}

# A multi-Region key with its replica.

resource "aws_kms_key" "primary" {
  description             = "primary, ${var.generation}"
  deletion_window_in_days = 7
  multi_region            = true
  enable_key_rotation     = true
  rotation_period_in_days = var.generation == "first" ? 90 : 180
}

resource "aws_kms_replica_key" "ireland" {
  provider                = aws.ireland
  description             = "replica, ${var.generation}"
  deletion_window_in_days = 7
  primary_key_arn         = aws_kms_key.primary.arn
  tags                    = { generation = var.generation }
}

resource "aws_kms_alias" "ireland" {
  provider      = aws.ireland
  name          = "alias/replica"
  target_key_id = aws_kms_replica_key.ireland.key_id
}

# Keys with imported material.

resource "aws_kms_external_key" "imported" {
  description             = "imported, ${var.generation}"
  deletion_window_in_days = 7
  multi_region            = true
  enabled                 = true
  key_material_base64     = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
}

resource "aws_kms_replica_external_key" "ireland" {
  provider                = aws.ireland
  description             = "imported replica, ${var.generation}"
  deletion_window_in_days = 7
  primary_key_arn         = aws_kms_external_key.imported.arn
  key_material_base64     = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
  enabled                 = true
}

resource "aws_kms_external_key" "waiting" {
  deletion_window_in_days = 7
}

# What is made with keys.

resource "aws_kms_ciphertext" "secret" {
  key_id    = aws_kms_key.primary.key_id
  plaintext = "a secret"
  context   = { purpose = "test" }
}

data "aws_kms_ciphertext" "again" {
  key_id    = aws_kms_key.primary.key_id
  plaintext = "a secret"
}

data "aws_kms_secrets" "secret" {
  secret {
    name    = "secret"
    payload = aws_kms_ciphertext.secret.ciphertext_blob
    context = { purpose = "test" }
  }
}

data "aws_kms_secrets" "ireland" {
  provider = aws.ireland
  secret {
    name    = "secret"
    payload = aws_kms_ciphertext.secret.ciphertext_blob
    context = { purpose = "test" }
  }
  depends_on = [aws_kms_replica_key.ireland]
}

# An asymmetric key, its public key, a grant and a policy.

resource "aws_kms_key" "signing" {
  description              = "signing"
  deletion_window_in_days  = 7
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  is_enabled               = var.generation == "first"
}

data "aws_kms_public_key" "signing" {
  count  = var.generation == "first" ? 1 : 0
  key_id = aws_kms_key.signing.key_id
}

resource "aws_iam_role" "app" {
  name = "app"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = data.aws_caller_identity.current.account_id } }]
  })
}

resource "aws_kms_grant" "app" {
  name              = "app-${var.generation}"
  key_id            = aws_kms_key.primary.key_id
  grantee_principal = aws_iam_role.app.arn
  operations        = ["Decrypt", "GenerateDataKey"]
  constraints {
    encryption_context_subset = { purpose = "test" }
  }
}

resource "aws_kms_key_policy" "signing" {
  key_id = aws_kms_key.signing.id
  policy = jsonencode({
    Version = "2012-10-17"
    Id      = var.generation
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

data "aws_kms_key" "replica" {
  provider   = aws.ireland
  key_id     = aws_kms_alias.ireland.name
  depends_on = [aws_kms_alias.ireland]
}

output "primary" { value = aws_kms_key.primary.arn }
output "replica" { value = aws_kms_replica_key.ireland.arn }
output "replica_type" { value = data.aws_kms_key.replica.multi_region_configuration[0].multi_region_key_type }
output "imported" { value = aws_kms_external_key.imported.key_state }
output "imported_replica" { value = aws_kms_replica_external_key.ireland.key_state }
output "waiting" { value = aws_kms_external_key.waiting.key_state }
output "public_key" { value = one(data.aws_kms_public_key.signing[*].public_key) }
output "secret" {
  value     = data.aws_kms_secrets.secret.plaintext["secret"]
  sensitive = true
}
output "secret_in_ireland" {
  value     = data.aws_kms_secrets.ireland.plaintext["secret"]
  sensitive = true
}
