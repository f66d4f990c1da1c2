/** The one stack that `npm run deploy` puts into an account. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Podthaw, type PodthawProps } from './podthaw.ts';

export interface PodthawStackProps extends StackProps, PodthawProps {}

export class PodthawStack extends Stack {
  constructor(scope: Construct, id: string, props: PodthawStackProps) {
    super(scope, id, props);
    new Podthaw(this, 'Podthaw', props);
  }
}
