/** The CDK app: settings in, one stack out. */
import { App } from 'aws-cdk-lib';
import { readConfig } from './config.ts';
import { PodthawStack } from './stack.ts';

const app = new App();
const settings = readConfig(process.env, (line) => process.stderr.write(`${line}\n`));
new PodthawStack(app, 'podthaw', { settings });
