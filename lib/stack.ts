/** The one stack that `npm run deploy` puts into an account. */
import { CfnOutput, CfnRule, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Podthaw, type PodthawProps } from './podthaw.ts';

export interface PodthawStackProps extends StackProps, PodthawProps {
  /** False where the settings are the example's: CloudFormation then refuses the stack. */
  readonly deployable?: boolean;
}

export class PodthawStack extends Stack {
  readonly podthaw: Podthaw;

  constructor(scope: Construct, id: string, props: PodthawStackProps) {
    super(scope, id, props);
    this.podthaw = new Podthaw(this, 'Podthaw', props);
    this.output({
      FunctionArn: this.podthaw.remediate.alias.functionArn,
      TopicArn: this.podthaw.topic.topicArn,
      DocumentName: this.podthaw.document.ref,
      LogGroupName: this.podthaw.remediate.logGroup.logGroupName,
    });
    if (props.deployable === false) this.refuseDeployment();
  }

  private output(values: Record<string, string>): void {
    for (const [id, value] of Object.entries(values)) new CfnOutput(this, id, { value });
  }

  private refuseDeployment(): void {
    const assertDescription = 'Copy podthaw.example.json to podthaw.json and edit it first.';
    new CfnRule(this, 'OwnSettings', {
      assertions: [
        { assert: Fn.conditionEquals('the example', 'own settings'), assertDescription },
      ],
    });
  }
}
