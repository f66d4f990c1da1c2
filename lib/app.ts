/** The CDK app: settings in, one stack out. */
import { App } from 'aws-cdk-lib';
import { readConfig } from './config.ts';
import { PodthawStack } from './stack.ts';

const app = new App();
const named: unknown = app.node.tryGetContext('config') ?? process.env.PODTHAW_CONFIG;
const config = readConfig('.', typeof named === 'string' ? named : undefined);
if (config.note) process.stderr.write(`${config.note}\n`);
new PodthawStack(app, config.settings.stackName, {
  settings: config.settings,
  deployable: config.note === undefined,
});
