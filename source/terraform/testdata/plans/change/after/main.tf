# What the plan changes it to.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region                 = "us-east-1"
  skip_region_validation = true
}

locals {
  lambda = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}

resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = local.lambda
}

moved {
  from = aws_iam_role.moved
  to   = aws_iam_role.here
}

resource "aws_iam_role" "here" {
  name               = "moved"
  assume_role_policy = local.lambda
}

resource "aws_iam_role" "renamed" {
  name               = "name-two"
  assume_role_policy = local.lambda
}

resource "aws_iam_policy" "decrypt" {
  name   = "decrypt"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }] })
}

resource "aws_iam_role_policy" "app" {
  role   = aws_iam_role.app.name
  name   = "inline"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:GenerateDataKey", Resource = "*" }] })
}

resource "aws_kms_key" "main" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Sid = "Root", Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = "arn:aws:iam::111122223333:root" } },
    { Sid = "Here", Effect = "Allow", Action = "kms:Decrypt", Resource = "*", Principal = { AWS = aws_iam_role.here.arn } },
    { Sid = "NotApp", Effect = "Deny", Action = "kms:Encrypt", Resource = "*", Principal = { AWS = aws_iam_role.app.arn } },
  ] })
}

resource "aws_kms_alias" "main" {
  name          = "alias/main"
  target_key_id = aws_kms_key.main.id
}

resource "aws_kms_key" "apart" {
}

resource "aws_iam_role" "new" {
  name               = "new"
  assume_role_policy = local.lambda
}

data "aws_iam_policy_document" "renamed" {
  statement {
    sid       = "Renamed"
    actions   = ["kms:Verify"]
    resources = [aws_kms_key.main.arn]
  }
}

resource "aws_iam_role_policy" "renamed" {
  role   = aws_iam_role.renamed.name
  name   = "verify"
  policy = data.aws_iam_policy_document.renamed.json
}
