# Custom key stores of both kinds, and keys in them. TestTerraformKeyStores of package kmstest applies, changes and destroys them.

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

variable "name" {
  type    = string
  default = "ours"
}

# The key stores have to be connected before there can be keys, and Terraform does not connect them.
variable "keys" {
  type    = number
  default = 0
}

variable "certificate" { type = string }
variable "endpoint" { type = string }
variable "path" { type = string }
variable "access_key_id" { type = string }

variable "secret_access_key" {
  type      = string
  sensitive = true
}

resource "aws_kms_custom_key_store" "cluster" {
  custom_key_store_name    = var.name
  cloud_hsm_cluster_id     = "cluster-a23b4cdefgh"
  key_store_password       = "01234567"
  trust_anchor_certificate = file(var.certificate)
}

resource "aws_kms_custom_key_store" "outside" {
  custom_key_store_name  = "outside"
  custom_key_store_type  = "EXTERNAL_KEY_STORE"
  xks_proxy_connectivity = "PUBLIC_ENDPOINT"
  xks_proxy_uri_endpoint = var.endpoint
  xks_proxy_uri_path     = var.path

  xks_proxy_authentication_credential {
    access_key_id         = var.access_key_id
    raw_secret_access_key = var.secret_access_key
  }
}

data "aws_kms_custom_key_store" "cluster" {
  custom_key_store_name = aws_kms_custom_key_store.cluster.custom_key_store_name
}

resource "aws_kms_key" "cluster" {
  count                   = var.keys
  custom_key_store_id     = aws_kms_custom_key_store.cluster.id
  deletion_window_in_days = 7
}

resource "aws_kms_key" "outside" {
  count                   = var.keys
  custom_key_store_id     = aws_kms_custom_key_store.outside.id
  xks_key_id              = "ledger"
  deletion_window_in_days = 7
}

output "cluster" { value = aws_kms_custom_key_store.cluster.id }
output "outside" { value = aws_kms_custom_key_store.outside.id }
output "state" { value = data.aws_kms_custom_key_store.cluster.connection_state }
