/** A function inside a VPC, for clusters whose API has a private endpoint only. */
import { Stack } from 'aws-cdk-lib';
import { Effect } from 'aws-cdk-lib/aws-iam';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { Settings } from '../lambda/domain/settings.ts';
import { acknowledge } from './findings.ts';
import type { PodthawFunction } from './functions.ts';

/** By explicit ids on the L1: an imported IVpc would want its zones, or an account to look them up. */
export function placeInVpc(to: PodthawFunction, vpc: NonNullable<Settings['vpc']>): void {
  (to.function.node.defaultChild as CfnFunction).vpcConfig = vpc;
  const actions = [
    'ec2:AssignPrivateIpAddresses',
    'ec2:CreateNetworkInterface',
    'ec2:DeleteNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:UnassignPrivateIpAddresses',
  ];
  to.allow({ sid: 'LambdaAttachesTheNetwork', actions, resources: ['*'] });
  // The service needs these, the code does not.
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
  to.allow({
    sid: 'TheCodeDoesNot',
    effect: Effect.DENY,
    actions,
    resources: ['*'],
    conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn(to) } },
  });
  acknowledge(to.role, {
    'AwsSolutions-IAM5[Resource::*]': "Lambda checks its network permissions on '*' only.",
  });
}

/** Spelt out: a reference would make the role's policy and the function wait for each other. */
function functionArn(to: PodthawFunction): string {
  const stack = Stack.of(to);
  const name = (to.function.node.defaultChild as CfnFunction).functionName;
  return `arn:${stack.partition}:lambda:${stack.region}:${stack.account}:function:${name}`;
}
