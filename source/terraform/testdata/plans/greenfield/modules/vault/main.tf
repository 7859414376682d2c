# A key, an alias, and a policy to use it with.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "name" {
  type = string
}

variable "user" {}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Nobody"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root"]
    }
  }
  statement {
    sid       = "User"
    effect    = "Deny"
    actions   = ["kms:ScheduleKeyDeletion"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [var.user.arn]
    }
  }
}

resource "aws_kms_key" "this" {
  count  = 2
  policy = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  count         = 2
  name          = "alias/${var.name}/${count.index}"
  target_key_id = aws_kms_key.this[count.index].key_id
}

data "aws_iam_policy_document" "use" {
  statement {
    actions   = ["kms:Encrypt", "kms:Decrypt"]
    resources = aws_kms_key.this[*].arn
  }
}

resource "aws_iam_policy" "use" {
  name   = "use-${var.name}"
  policy = data.aws_iam_policy_document.use.json
}

output "policy_arn" {
  value = aws_iam_policy.use.arn
}
