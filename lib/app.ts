/** The CDK app: settings in, one stack out. */
import { App } from 'aws-cdk-lib';
import { SettingsError } from '../lambda/domain/settings.ts';
import { readConfig } from './config.ts';
import { PodthawStack } from './stack.ts';

function main(): void {
  const app = new App();
  const named: unknown = app.node.tryGetContext('config') ?? process.env.PODTHAW_CONFIG;
  const { settings, note } = readConfig('.', typeof named === 'string' ? named : undefined);
  if (note) process.stderr.write(`${note}\n`);
  new PodthawStack(app, settings.stackName, { settings, deployable: note === undefined });
}

try {
  main();
} catch (error) {
  // Wrong settings are the user's to mend: the message says how, a stack trace would not.
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
