# Written by infra/terraform/generate.py from infra/perimeter.yaml; change that instead.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

data "aws_region" "here" {}

variable "prefix" {
  description = "First part of all names; a second perimeter in the account needs another one"
  type = string
  default = "geogate"
  validation {
    condition = can(regex("^([a-z][a-z0-9-]{1,20}[a-z0-9])$", var.prefix))
    error_message = "it does not have the form that is wanted"
  }
}

variable "broker_arn" {
  description = "The IAM user or role under which geogate sends; nobody else can become the releaser. Empty means the gate's role"
  type = string
  default = ""
  validation {
    condition = can(regex("^(|arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@/_-]+)$", var.broker_arn))
    error_message = "it does not have the form that is wanted"
  }
}

variable "runtime_arn" {
  description = "Who starts pipelines, gate and console under their roles. Empty means tasks of ECS in this account"
  type = string
  default = ""
  validation {
    condition = can(regex("^(|arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@/_-]+)$", var.runtime_arn))
    error_message = "it does not have the form that is wanted"
  }
}

variable "auditor_arn" {
  description = "Who becomes the auditor. Empty means those in this account whose own policy allows it"
  type = string
  default = ""
  validation {
    condition = can(regex("^(|arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@/_-]+)$", var.auditor_arn))
    error_message = "it does not have the form that is wanted"
  }
}

variable "keeper_arn" {
  description = "Who deploys this stack; nobody else changes the buckets. Empty means the account's root user"
  type = string
  default = ""
  validation {
    condition = can(regex("^(|arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@/_-]+)$", var.keeper_arn))
    error_message = "it does not have the form that is wanted"
  }
}

variable "require_tls" {
  description = "false only for a server on loopback that speaks plain http"
  type = string
  default = "true"
}

variable "evidence_days" {
  description = "Days for which evidence can be neither changed nor deleted, not even by the account's root"
  type = number
  default = 2555
}

resource "aws_iam_role" "releaser_role" {
  name = "${var.prefix}-releaser"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.releaser_boundary.arn
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = (var.broker_arn != "" ? var.broker_arn : aws_iam_role.gate_role.arn) }, Action = ["sts:AssumeRole", "sts:TagSession"], Condition = { StringLike = { "aws:RequestTag/clearance" = "????????????????????????????????", "sts:RoleSessionName" = "geogate-????????????????????????????????" }, "ForAllValues:StringEquals" = { "aws:TagKeys" = ["clearance"] }, Null = { "sts:TransitiveTagKeys" = "true" } } }] })
}

resource "aws_iam_role_policy" "releaser_role" {
  role = aws_iam_role.releaser_role.name
  name = "release"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:GetObjectVersion", "s3:AbortMultipartUpload"], Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-egress-${data.aws_caller_identity.here.account_id}/*" }, { Effect = "Allow", Action = ["s3:ListBucket", "s3:ListBucketMultipartUploads"], Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-egress-${data.aws_caller_identity.here.account_id}" }] })
}

resource "aws_iam_policy" "releaser_boundary" {
  name = "${var.prefix}-releaser-boundary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "AtMost", Effect = "Allow", Action = ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:GetObjectVersion", "s3:AbortMultipartUpload", "s3:ListBucket", "s3:ListBucketMultipartUploads"], Resource = ["arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-egress-${data.aws_caller_identity.here.account_id}", "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-egress-${data.aws_caller_identity.here.account_id}/*"] }, { Sid = "KeyOfEgress", Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "arn:${data.aws_partition.here.partition}:kms:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:key/*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }] })
}

resource "aws_iam_policy" "gate_policy" {
  name = "${var.prefix}-gate"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Resource = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:role/${var.prefix}-releaser" }, { Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectVersion"], Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-staging-${data.aws_caller_identity.here.account_id}/*" }, { Effect = "Allow", Action = ["s3:PutObject", "s3:GetObject", "s3:GetObjectVersion"], Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-evidence-${data.aws_caller_identity.here.account_id}/*" }, { Effect = "Allow", Action = ["s3:GetBucket*", "s3:GetAccountPublicAccessBlock", "s3:GetEncryptionConfiguration", "s3:GetInventoryConfiguration", "s3:GetReplicationConfiguration", "s3:GetLifecycleConfiguration", "s3:ListBucket", "s3:ListBucketVersions", "s3:ListAccessPoints"], Resource = "*" }] })
}

resource "aws_iam_policy" "worker_boundary" {
  name = "${var.prefix}-worker-boundary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "AtMost", Effect = "Allow", Action = ["s3:Get*", "s3:List*", "s3:PutObject", "s3:AbortMultipartUpload"], Resource = "*" }, { Sid = "KeyOfStaging", Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "arn:${data.aws_partition.here.partition}:kms:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:key/*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }, { Sid = "WritesStagingOnly", Effect = "Deny", NotAction = ["s3:Get*", "s3:List*", "kms:GenerateDataKey", "kms:Decrypt"], NotResource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-staging-${data.aws_caller_identity.here.account_id}/*" }] })
}

resource "aws_iam_policy" "house_boundary" {
  name = "${var.prefix}-house-boundary"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "AtMost", Effect = "Allow", Action = ["s3:Get*", "s3:List*", "iam:Get*", "iam:List*", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListKeys", "kms:ListGrants", "cloudtrail:LookupEvents", "cloudformation:Describe*"], Resource = "*" }, { Sid = "KeepsEvidence", Effect = "Allow", Action = "s3:PutObject", Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-evidence-${data.aws_caller_identity.here.account_id}/*" }, { Sid = "AsksForTheReleaser", Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Resource = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:role/${var.prefix}-releaser" }, { Sid = "KeysThroughS3", Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "arn:${data.aws_partition.here.partition}:kms:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:key/*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }] })
}

resource "aws_iam_role" "worker_role" {
  name = "${var.prefix}-pipeline"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.worker_boundary.arn
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [jsondecode(var.runtime_arn != "" ? jsonencode({ Effect = "Allow", Principal = { AWS = var.runtime_arn }, Action = "sts:AssumeRole" }) : jsonencode({ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } } }))] })
}

resource "aws_iam_role_policy" "worker_role" {
  role = aws_iam_role.worker_role.name
  name = "stage"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"], Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-staging-${data.aws_caller_identity.here.account_id}/*" }, { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-staging-${data.aws_caller_identity.here.account_id}" }] })
}

resource "aws_iam_role" "gate_role" {
  name = "${var.prefix}-gate"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.house_boundary.arn
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [jsondecode(var.runtime_arn != "" ? jsonencode({ Effect = "Allow", Principal = { AWS = var.runtime_arn }, Action = "sts:AssumeRole" }) : jsonencode({ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } } }))] })
}

resource "aws_iam_role_policy_attachment" "gate_role" {
  role = aws_iam_role.gate_role.name
  policy_arn = aws_iam_policy.gate_policy.arn
}

resource "aws_iam_role" "console_role" {
  name = "${var.prefix}-console"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.house_boundary.arn
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [jsondecode(var.runtime_arn != "" ? jsonencode({ Effect = "Allow", Principal = { AWS = var.runtime_arn }, Action = "sts:AssumeRole" }) : jsonencode({ Effect = "Allow", Principal = { Service = "ecs-tasks.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } } }))] })
}

resource "aws_iam_role_policy" "console_role" {
  role = aws_iam_role.console_role.name
  name = "look"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectVersion"], Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-evidence-${data.aws_caller_identity.here.account_id}/*" }, { Effect = "Allow", Action = ["s3:ListBucket", "s3:ListBucketVersions"], Resource = "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-evidence-${data.aws_caller_identity.here.account_id}" }] })
}

resource "aws_iam_role" "auditor_role" {
  name = "${var.prefix}-auditor"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.house_boundary.arn
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = (var.auditor_arn != "" ? var.auditor_arn : "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root") }, Action = "sts:AssumeRole" }] })
}

resource "aws_iam_role_policy" "auditor_role" {
  role = aws_iam_role.auditor_role.name
  name = "audit"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "ReadPosture", Effect = "Allow", Action = ["s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetReplicationConfiguration", "s3:GetLifecycleConfiguration", "s3:GetInventoryConfiguration", "s3:GetAnalyticsConfiguration", "s3:GetMetricsConfiguration", "s3:GetIntelligentTieringConfiguration", "s3:GetAccelerateConfiguration", "s3:GetAccountPublicAccessBlock", "s3:ListAccessPoints", "iam:GetRole", "iam:GetRolePolicy", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:ListPolicyVersions", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "cloudtrail:LookupEvents", "cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"], Resource = "*" }, { Sid = "ReadObjects", Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging", "s3:GetObjectRetention", "s3:GetObjectLegalHold"], Resource = ["arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-egress-${data.aws_caller_identity.here.account_id}/*", "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-evidence-${data.aws_caller_identity.here.account_id}/*"] }, { Sid = "ListObjects", Effect = "Allow", Action = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"], Resource = ["arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-egress-${data.aws_caller_identity.here.account_id}", "arn:${data.aws_partition.here.partition}:s3:::${var.prefix}-evidence-${data.aws_caller_identity.here.account_id}"] }] })
}

resource "aws_kms_key" "staging_key" {
  description = "${var.prefix}: what pipelines stage"
  enable_key_rotation = true
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Administration", Effect = "Allow", Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }, Action = ["kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"], Resource = "*" }, { Sid = "Write", Effect = "Allow", Principal = { AWS = [aws_iam_role.worker_role.arn, aws_iam_role.gate_role.arn] }, Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }, { Sid = "Read", Effect = "Allow", Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }, Action = "kms:Decrypt", Resource = "*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }] })
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_key" "egress_key" {
  description = "${var.prefix}: what was cleared"
  enable_key_rotation = true
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Administration", Effect = "Allow", Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }, Action = ["kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"], Resource = "*" }, { Sid = "Write", Effect = "Allow", Principal = { AWS = aws_iam_role.releaser_role.arn }, Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }, { Sid = "Read", Effect = "Allow", Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }, Action = "kms:Decrypt", Resource = "*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }, { Sid = "DenyEncryptUnlessReleaser", Effect = "Deny", Principal = { AWS = "*" }, Action = ["kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptTo", "kms:CreateGrant"], Resource = "*", Condition = { ArnNotLike = { "aws:PrincipalArn" = [aws_iam_role.releaser_role.arn, "arn:${data.aws_partition.here.partition}:sts::${data.aws_caller_identity.here.account_id}:assumed-role/${aws_iam_role.releaser_role.name}/*"] } } }] })
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_key" "evidence_key" {
  description = "${var.prefix}: evidence of what was judged and sent"
  enable_key_rotation = true
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Administration", Effect = "Allow", Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }, Action = ["kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"], Resource = "*" }, { Sid = "Write", Effect = "Allow", Principal = { AWS = [aws_iam_role.gate_role.arn, (var.broker_arn != "" ? var.broker_arn : aws_iam_role.gate_role.arn)] }, Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }, { Sid = "Read", Effect = "Allow", Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }, Action = "kms:Decrypt", Resource = "*", Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } } }] })
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "staging_key_alias" {
  name = "alias/${var.prefix}-staging"
  target_key_id = aws_kms_key.staging_key.key_id
}

resource "aws_s3_bucket" "staging_bucket" {
  bucket = "${var.prefix}-staging-${data.aws_caller_identity.here.account_id}"
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "staging_bucket" {
  bucket = aws_s3_bucket.staging_bucket.bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "staging_bucket" {
  bucket = aws_s3_bucket.staging_bucket.bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "staging_bucket" {
  bucket = aws_s3_bucket.staging_bucket.bucket
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "staging_bucket" {
  bucket = aws_s3_bucket.staging_bucket.bucket
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
      kms_master_key_id = aws_kms_key.staging_key.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "staging_bucket" {
  bucket = aws_s3_bucket.staging_bucket.bucket
  rule {
    id = "abandoned-parts"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_s3_bucket_policy" "staging_bucket_policy" {
  bucket = aws_s3_bucket.staging_bucket.bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = [for each in [jsondecode(var.require_tls == "true" ? jsonencode({ Sid = "DenyPlaintext", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.staging_bucket.arn, "${aws_s3_bucket.staging_bucket.arn}/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }) : jsonencode(null)), jsondecode(var.require_tls == "true" ? jsonencode({ Sid = "DenyOldTls", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.staging_bucket.arn, "${aws_s3_bucket.staging_bucket.arn}/*"], Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } } }) : jsonencode(null)), { Sid = "DenyOtherAccounts", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.staging_bucket.arn, "${aws_s3_bucket.staging_bucket.arn}/*"], Condition = { StringNotEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.here.account_id }, Bool = { "aws:PrincipalIsAWSService" = "false" } } }, { Sid = "DenyAccessPoints", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.staging_bucket.arn, "${aws_s3_bucket.staging_bucket.arn}/*"], Condition = { Null = { "s3:DataAccessPointArn" = "false" } } }, { Sid = "DenyWaysOut", Effect = "Deny", Principal = "*", Action = ["s3:PutReplicationConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketAcl", "s3:PutBucketWebsite", "s3:DeleteBucketWebsite", "s3:PutBucketOwnershipControls", "s3:PutInventoryConfiguration", "s3:PutAnalyticsConfiguration", "s3:PutMetricsConfiguration", "s3:PutBucketCORS", "s3:PutBucketLogging", "s3:PutBucketNotification", "s3:PutBucketRequestPayment", "s3:PutAccelerateConfiguration", "s3:PutIntelligentTieringConfiguration", "s3:CreateBucketMetadataTableConfiguration"], Resource = aws_s3_bucket.staging_bucket.arn }, { Sid = "DenyOtherWaysIn", Effect = "Deny", Principal = "*", Action = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner", "s3:PutObjectAcl", "s3:PutObjectVersionAcl"], Resource = "${aws_s3_bucket.staging_bucket.arn}/*" }, { Sid = "DenyChangeUnlessKeeper", Effect = "Deny", Principal = "*", Action = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketTagging", "s3:PutBucketObjectLockConfiguration"], Resource = aws_s3_bucket.staging_bucket.arn, Condition = { ArnNotLike = { "aws:PrincipalArn" = (var.keeper_arn != "" ? var.keeper_arn : "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root") } } }] : each if each != null] })
  depends_on = [aws_s3_bucket_public_access_block.staging_bucket]
}

resource "aws_kms_alias" "egress_key_alias" {
  name = "alias/${var.prefix}-egress"
  target_key_id = aws_kms_key.egress_key.key_id
}

resource "aws_s3_bucket" "egress_bucket" {
  bucket = "${var.prefix}-egress-${data.aws_caller_identity.here.account_id}"
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "egress_bucket" {
  bucket = aws_s3_bucket.egress_bucket.bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "egress_bucket" {
  bucket = aws_s3_bucket.egress_bucket.bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "egress_bucket" {
  bucket = aws_s3_bucket.egress_bucket.bucket
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "egress_bucket" {
  bucket = aws_s3_bucket.egress_bucket.bucket
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
      kms_master_key_id = aws_kms_key.egress_key.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "egress_bucket" {
  bucket = aws_s3_bucket.egress_bucket.bucket
  rule {
    id = "abandoned-parts"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_s3_bucket_policy" "egress_bucket_policy" {
  bucket = aws_s3_bucket.egress_bucket.bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = [for each in [jsondecode(var.require_tls == "true" ? jsonencode({ Sid = "DenyPlaintext", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.egress_bucket.arn, "${aws_s3_bucket.egress_bucket.arn}/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }) : jsonencode(null)), jsondecode(var.require_tls == "true" ? jsonencode({ Sid = "DenyOldTls", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.egress_bucket.arn, "${aws_s3_bucket.egress_bucket.arn}/*"], Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } } }) : jsonencode(null)), { Sid = "DenyWriteUnlessReleaser", Effect = "Deny", Principal = "*", Action = ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:RestoreObject"], Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { ArnNotLike = { "aws:PrincipalArn" = [aws_iam_role.releaser_role.arn, "arn:${data.aws_partition.here.partition}:sts::${data.aws_caller_identity.here.account_id}:assumed-role/${aws_iam_role.releaser_role.name}/*"] } } }, { Sid = "DenyWriteWithoutClearance", Effect = "Deny", Principal = "*", Action = ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging", "s3:RestoreObject"], Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { Null = { "aws:PrincipalTag/clearance" = "true" } } }, { Sid = "DenyOverwrite", Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { Null = { "s3:if-none-match" = "true" }, Bool = { "s3:ObjectCreationOperation" = "true" } } }, { Sid = "DenyHandedOutWrites", Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { Null = { "s3:authType" = "false" }, StringNotEquals = { "s3:authType" = "REST-HEADER" } } }, { Sid = "DenyOtherEncryption", Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { Null = { "s3:x-amz-server-side-encryption" = "false" }, StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" } } }, { Sid = "DenyCustomerKey", Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } } }, { Sid = "DenyOtherKey", Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { Null = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }, StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.egress_key.arn } } }, { Sid = "DenyRemovalUnlessKeeper", Effect = "Deny", Principal = "*", Action = ["s3:DeleteObject", "s3:DeleteObjectVersion"], Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { ArnNotLike = { "aws:PrincipalArn" = (var.keeper_arn != "" ? var.keeper_arn : "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root") } } }, { Sid = "DenyReadOfUncleared", Effect = "Deny", Principal = "*", Action = ["s3:GetObject", "s3:GetObjectVersion"], Resource = "${aws_s3_bucket.egress_bucket.arn}/*", Condition = { Null = { "s3:ExistingObjectTag/clearance" = "true" }, ArnNotLike = { "aws:PrincipalArn" = [aws_iam_role.releaser_role.arn, "arn:${data.aws_partition.here.partition}:sts::${data.aws_caller_identity.here.account_id}:assumed-role/${aws_iam_role.releaser_role.name}/*"] } } }, { Sid = "DenyOtherAccounts", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.egress_bucket.arn, "${aws_s3_bucket.egress_bucket.arn}/*"], Condition = { StringNotEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.here.account_id }, Bool = { "aws:PrincipalIsAWSService" = "false" } } }, { Sid = "DenyAccessPoints", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.egress_bucket.arn, "${aws_s3_bucket.egress_bucket.arn}/*"], Condition = { Null = { "s3:DataAccessPointArn" = "false" } } }, { Sid = "DenyWaysOut", Effect = "Deny", Principal = "*", Action = ["s3:PutReplicationConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketAcl", "s3:PutBucketWebsite", "s3:DeleteBucketWebsite", "s3:PutBucketOwnershipControls", "s3:PutInventoryConfiguration", "s3:PutAnalyticsConfiguration", "s3:PutMetricsConfiguration", "s3:PutBucketCORS", "s3:PutBucketLogging", "s3:PutBucketNotification", "s3:PutBucketRequestPayment", "s3:PutAccelerateConfiguration", "s3:PutIntelligentTieringConfiguration", "s3:CreateBucketMetadataTableConfiguration"], Resource = aws_s3_bucket.egress_bucket.arn }, { Sid = "DenyOtherWaysIn", Effect = "Deny", Principal = "*", Action = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner", "s3:PutObjectAcl", "s3:PutObjectVersionAcl"], Resource = "${aws_s3_bucket.egress_bucket.arn}/*" }, { Sid = "DenyChangeUnlessKeeper", Effect = "Deny", Principal = "*", Action = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketTagging", "s3:PutBucketObjectLockConfiguration"], Resource = aws_s3_bucket.egress_bucket.arn, Condition = { ArnNotLike = { "aws:PrincipalArn" = (var.keeper_arn != "" ? var.keeper_arn : "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root") } } }] : each if each != null] })
  depends_on = [aws_s3_bucket_public_access_block.egress_bucket]
}

resource "aws_kms_alias" "evidence_key_alias" {
  name = "alias/${var.prefix}-evidence"
  target_key_id = aws_kms_key.evidence_key.key_id
}

resource "aws_s3_bucket" "evidence_bucket" {
  bucket = "${var.prefix}-evidence-${data.aws_caller_identity.here.account_id}"
  object_lock_enabled = true
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "evidence_bucket" {
  bucket = aws_s3_bucket.evidence_bucket.bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_ownership_controls" "evidence_bucket" {
  bucket = aws_s3_bucket.evidence_bucket.bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "evidence_bucket" {
  bucket = aws_s3_bucket.evidence_bucket.bucket
  block_public_acls = true
  block_public_policy = true
  ignore_public_acls = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence_bucket" {
  bucket = aws_s3_bucket.evidence_bucket.bucket
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
      kms_master_key_id = aws_kms_key.evidence_key.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "evidence_bucket" {
  bucket = aws_s3_bucket.evidence_bucket.bucket
  rule {
    id = "abandoned-parts"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_s3_bucket_object_lock_configuration" "evidence_bucket" {
  bucket = aws_s3_bucket.evidence_bucket.bucket
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.evidence_days
    }
  }
  depends_on = [aws_s3_bucket_versioning.evidence_bucket]
}

resource "aws_s3_bucket_policy" "evidence_bucket_policy" {
  bucket = aws_s3_bucket.evidence_bucket.bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = [for each in [jsondecode(var.require_tls == "true" ? jsonencode({ Sid = "DenyPlaintext", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.evidence_bucket.arn, "${aws_s3_bucket.evidence_bucket.arn}/*"], Condition = { Bool = { "aws:SecureTransport" = "false" } } }) : jsonencode(null)), jsondecode(var.require_tls == "true" ? jsonencode({ Sid = "DenyOldTls", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.evidence_bucket.arn, "${aws_s3_bucket.evidence_bucket.arn}/*"], Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } } }) : jsonencode(null)), { Sid = "DenyWriteUnlessGate", Effect = "Deny", Principal = "*", Action = ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"], Resource = "${aws_s3_bucket.evidence_bucket.arn}/*", Condition = { ArnNotLike = { "aws:PrincipalArn" = [aws_iam_role.gate_role.arn, "arn:${data.aws_partition.here.partition}:sts::${data.aws_caller_identity.here.account_id}:assumed-role/${aws_iam_role.gate_role.name}/*", (var.broker_arn != "" ? var.broker_arn : aws_iam_role.gate_role.arn)] } } }, { Sid = "DenyRemoval", Effect = "Deny", Principal = "*", Action = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:PutObjectLegalHold"], Resource = "${aws_s3_bucket.evidence_bucket.arn}/*" }, { Sid = "DenyOtherAccounts", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.evidence_bucket.arn, "${aws_s3_bucket.evidence_bucket.arn}/*"], Condition = { StringNotEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.here.account_id }, Bool = { "aws:PrincipalIsAWSService" = "false" } } }, { Sid = "DenyAccessPoints", Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.evidence_bucket.arn, "${aws_s3_bucket.evidence_bucket.arn}/*"], Condition = { Null = { "s3:DataAccessPointArn" = "false" } } }, { Sid = "DenyWaysOut", Effect = "Deny", Principal = "*", Action = ["s3:PutReplicationConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketAcl", "s3:PutBucketWebsite", "s3:DeleteBucketWebsite", "s3:PutBucketOwnershipControls", "s3:PutInventoryConfiguration", "s3:PutAnalyticsConfiguration", "s3:PutMetricsConfiguration", "s3:PutBucketCORS", "s3:PutBucketLogging", "s3:PutBucketNotification", "s3:PutBucketRequestPayment", "s3:PutAccelerateConfiguration", "s3:PutIntelligentTieringConfiguration", "s3:CreateBucketMetadataTableConfiguration"], Resource = aws_s3_bucket.evidence_bucket.arn }, { Sid = "DenyOtherWaysIn", Effect = "Deny", Principal = "*", Action = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner", "s3:PutObjectAcl", "s3:PutObjectVersionAcl"], Resource = "${aws_s3_bucket.evidence_bucket.arn}/*" }, { Sid = "DenyChangeUnlessKeeper", Effect = "Deny", Principal = "*", Action = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketTagging", "s3:PutBucketObjectLockConfiguration"], Resource = aws_s3_bucket.evidence_bucket.arn, Condition = { ArnNotLike = { "aws:PrincipalArn" = (var.keeper_arn != "" ? var.keeper_arn : "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root") } } }] : each if each != null] })
  depends_on = [aws_s3_bucket_public_access_block.evidence_bucket]
}

output "staging_bucket" {
  value = aws_s3_bucket.staging_bucket.bucket
}

output "egress_bucket" {
  value = aws_s3_bucket.egress_bucket.bucket
}

output "evidence_bucket" {
  value = aws_s3_bucket.evidence_bucket.bucket
}

output "staging_key_arn" {
  value = aws_kms_key.staging_key.arn
}

output "egress_key_arn" {
  value = aws_kms_key.egress_key.arn
}

output "evidence_key_arn" {
  value = aws_kms_key.evidence_key.arn
}

output "releaser_role_arn" {
  value = aws_iam_role.releaser_role.arn
}

output "worker_role_arn" {
  value = aws_iam_role.worker_role.arn
}

output "gate_role_arn" {
  value = aws_iam_role.gate_role.arn
}

output "console_role_arn" {
  value = aws_iam_role.console_role.arn
}

output "auditor_role_arn" {
  value = aws_iam_role.auditor_role.arn
}

output "gate_policy_arn" {
  value = aws_iam_policy.gate_policy.arn
}

output "worker_boundary_arn" {
  value = aws_iam_policy.worker_boundary.arn
}

output "house_boundary_arn" {
  value = aws_iam_policy.house_boundary.arn
}
