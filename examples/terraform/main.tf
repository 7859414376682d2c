# What is to be: reports read orders as well, and invoices get a key of their own.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region                 = "eu-west-1"
  skip_region_validation = true
}

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "shop" {
  name               = "shop"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

data "aws_iam_policy_document" "orders" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
  statement {
    sid       = "Shop"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.shop.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:app"
      values   = ["shop"]
    }
  }
  statement {
    sid       = "Reports"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.reports.arn]
    }
  }
}

resource "aws_iam_role" "reports" {
  name               = "reports"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_kms_key" "orders" {
  description = "orders of the shop"
  policy      = data.aws_iam_policy_document.orders.json
}

resource "aws_kms_alias" "orders" {
  name          = "alias/orders"
  target_key_id = aws_kms_key.orders.key_id
}

# Keys of invoices. The policy of the role refers to a key that there is not yet.

resource "aws_kms_key" "invoices" {
  for_each            = toset(["paid", "due"])
  description         = "invoices that are ${each.key}"
  enable_key_rotation = true
}

resource "aws_kms_alias" "invoices" {
  for_each      = aws_kms_key.invoices
  name          = "alias/invoices-${each.key}"
  target_key_id = each.value.key_id
}

data "aws_iam_policy_document" "invoices" {
  statement {
    sid       = "Paid"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.invoices["paid"].arn]
  }
}

resource "aws_iam_role_policy" "reports" {
  role   = aws_iam_role.reports.name
  name   = "invoices"
  policy = data.aws_iam_policy_document.invoices.json
}

# A policy that is encoded by hand: a plan has no part of its text when one part of it is not known yet.

resource "aws_iam_role_policy" "shop" {
  role = aws_iam_role.shop.name
  name = "invoices"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "kms:Encrypt", Resource = aws_kms_key.invoices["due"].arn }]
  })
}
