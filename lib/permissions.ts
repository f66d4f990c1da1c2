/** What the remediating function may do. */
import { Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { type Cluster, claimsTableKeys, instanceTag } from '../lambda/domain/settings.ts';
import { acknowledge } from './findings.ts';
import type { PodthawFunction } from './functions.ts';

/**
 * SendCommand in two statements: a tag condition that also covers the document denies everything,
 * since a document does not carry the instances' tag.
 */
export function allowCommands(
  to: PodthawFunction,
  document: CfnDocument,
  clusters: readonly Cluster[],
): void {
  const stack = Stack.of(to);
  const arnOf = (service: string, resource: string, resourceName: string) =>
    stack.formatArn({ service, resource, resourceName });
  to.allow({
    actions: ['ssm:SendCommand'],
    resources: [arnOf('ssm', 'document', document.ref)],
  });
  for (const cluster of clusters) {
    const [key, value] = instanceTag(cluster);
    to.allow({
      actions: ['ssm:SendCommand'],
      resources: [arnOf('ec2', 'instance', '*')],
      conditions: { StringEquals: { [`ssm:resourceTag/${key}`]: value } },
    });
  }
  to.allow({
    actions: [
      'ssm:CancelCommand',
      'ssm:DescribeInstanceInformation',
      'ssm:GetCommandInvocation',
      'ssm:ListCommandInvocations',
      'ec2:DescribeInstances',
    ],
    resources: ['*'],
  });
  const anyInstance = 'arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:instance/*';
  acknowledge(to.role, {
    [`AwsSolutions-IAM5[Resource::${anyInstance}]`]: "Any instance, but only with a cluster's tag.",
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
    'AwsSolutions-IAM5[Resource::*]': 'These know no resources; they read, or cancel a command.',
  });
}

export function allowClaims(to: PodthawFunction, table: Table): void {
  to.allow({
    actions: ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'],
    resources: [table.tableArn],
  });
  to.allow({
    actions: ['dynamodb:Query'],
    resources: [`${table.tableArn}/index/${claimsTableKeys.openIndex}`],
  });
}

export function allowPublish(to: PodthawFunction, topic: Topic): void {
  to.allow({ actions: ['sns:Publish'], resources: [topic.topicArn] });
}

/** For an encrypted topic and table, spelt out where CDK's grants have wildcards. */
export function allowKey(to: PodthawFunction, key: IKey): void {
  const actions = [
    'Decrypt',
    'DescribeKey',
    'Encrypt',
    'GenerateDataKey',
    'ReEncryptFrom',
    'ReEncryptTo',
  ];
  to.allow({ actions: actions.map((action) => `kms:${action}`), resources: [key.keyArn] });
}
