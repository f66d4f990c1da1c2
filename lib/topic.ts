/** The topic that every notification and every health alarm goes to. */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/** TLS only; without a KMS key it is open to CloudWatch, which cannot use the key `aws/sns`. */
export function notificationTopic(scope: Construct, masterKey: IKey | undefined): Topic {
  const topic = new Topic(scope, 'Topic', {
    displayName: 'podthaw',
    enforceSSL: true,
    ...(masterKey && { masterKey }),
  });
  topic.applyRemovalPolicy(RemovalPolicy.DESTROY);
  // A topic policy replaces SNS's default one, which let the account's alarms in.
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsOfThisAccount',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  return topic;
}
