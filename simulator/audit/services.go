package audit

// viaServices are the first parts of the names that AWS documents for kms:ViaService
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#viaService_table).
const viaServices = `airflow appflow apprunner athena auditmanager backup backup-gateway cassandra codeartifact codebuild
codeguru-reviewer codepipeline comprehend connect directoryservice dlm dms dynamodb ec2 ecr ecs eks elasticfilesystem es finspace
firehose forecast fsx geo glue groundstation healthlake importexport iotsitewise kafka kendra kinesis kinesisvideo lambda lex
license-manager logs lookoutequipment lookoutmetrics lookoutvision macie malware-protection managedblockchain mediatailor memorydb
mgn monitron mq nimble omics opensearch profile proton qldb rds redshift redshift-serverless rekognition s3 sagemaker secretsmanager
ses sns sqlworkbench sqs ssm ssm-contacts ssm-incidents storagegateway timestream translate wisdom workmail workspaces
workspaces-web xray`
