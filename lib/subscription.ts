/** A topic that invokes a function of podthaw, through its alias. */
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { acknowledge } from './findings.ts';
import type { PodthawFunction } from './functions.ts';

export function subscribe(to: PodthawFunction, topic: ITopic): void {
  const subscription = topic.addSubscription(
    new LambdaSubscription(to.alias, { deadLetterQueue: to.failures }),
  );
  acknowledge(subscription, {
    'CloudFormation-Validate::W3694': "An alias's Ref is an ARN, and SNS takes an alias.",
  });
}
