/** The actions that who-may-do-what.test.ts and the table of docs/threat-model.md ask about. */

/** Every action of the services that a party's data is in. */
export const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': [
    'BatchGetItem',
    'BatchWriteItem',
    'ConditionCheckItem',
    'CreateBackup',
    'DeleteItem',
    'DeleteResourcePolicy',
    'DeleteTable',
    'DescribeTable',
    'ExportTableToPointInTime',
    'GetItem',
    'GetRecords',
    'PartiQLDelete',
    'PartiQLInsert',
    'PartiQLSelect',
    'PartiQLUpdate',
    'PutItem',
    'PutResourcePolicy',
    'Query',
    'RestoreTableToPointInTime',
    'Scan',
    'UpdateItem',
    'UpdateTable',
    'UpdateTimeToLive',
  ].map((action) => `dynamodb:${action}`),
  'AWS::SecretsManager::Secret': ['GetSecretValue', 'PutSecretValue', 'DeleteSecret', 'UpdateSecret'].map(
    (action) => `secretsmanager:${action}`,
  ),
  'AWS::KMS::Key': [
    'Decrypt',
    'Encrypt',
    'GenerateDataKey',
    'CreateGrant',
    'PutKeyPolicy',
    'ScheduleKeyDeletion',
  ].map((action) => `kms:${action}`),
  'AWS::Lambda::Function': ['InvokeFunction', 'UpdateFunctionCode', 'UpdateFunctionConfiguration'].map(
    (action) => `lambda:${action}`,
  ),
  'AWS::SQS::Queue': ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'PurgeQueue'].map(
    (action) => `sqs:${action}`,
  ),
  'AWS::Logs::LogGroup': ['PutLogEvents', 'GetLogEvents', 'FilterLogEvents', 'DeleteLogGroup'].map(
    (action) => `logs:${action}`,
  ),
};
