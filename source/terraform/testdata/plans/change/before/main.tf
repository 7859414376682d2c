# What there is before the plan.

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

resource "aws_iam_role" "old" {
  name               = "old"
  assume_role_policy = local.lambda
}

resource "aws_iam_role" "moved" {
  name               = "moved"
  assume_role_policy = local.lambda
}

resource "aws_iam_role" "renamed" {
  name               = "name-one"
  assume_role_policy = local.lambda
}

resource "aws_iam_policy" "decrypt" {
  name   = "decrypt"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }] })
}

resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.decrypt.arn
}

resource "aws_iam_role_policy" "app" {
  role   = aws_iam_role.app.name
  name   = "inline"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:Encrypt", Resource = "*" }] })
}

resource "aws_iam_role_policy" "gone" {
  role   = aws_iam_role.moved.name
  name   = "gone"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "kms:*", Resource = "*" }] })
}

resource "aws_kms_key" "main" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Sid = "Root", Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = "arn:aws:iam::111122223333:root" } },
  ] })
}

resource "aws_kms_alias" "main" {
  name          = "alias/main"
  target_key_id = aws_kms_key.main.id
}

resource "aws_kms_key" "apart" {
}

resource "aws_kms_key_policy" "apart" {
  key_id = aws_kms_key.apart.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Sid = "Admins", Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = [aws_iam_role.app.arn, "arn:aws:iam::111122223333:root"] } },
  ] })
}

resource "aws_kms_key" "doomed" {
}
