/** Deployments to synthesize in tests: without an account, without bundling. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { afterAll } from 'vitest';
import * as z from 'zod';
import type { SettingsInput } from '../../lambda/domain/settings.ts';
import { PodthawStack } from '../../lib/stack.ts';

const account = '444455556666';

export const clusters = {
  one: { mode: 'observe', clusters: [{ name: 'prod' }] },
  three: {
    mode: 'thaw',
    clusters: [
      { name: 'prod' },
      { name: 'stage', access: 'group' },
      { name: 'lab_2', access: 'none', instanceTagKey: 'team', instanceTagValue: 'lab' },
    ],
  },
} satisfies Record<string, SettingsInput>;

export const options = {
  slack: { slackSecretId: 'podthaw/slack', emails: ['oncall@example.com'] },
  amazonQ: { amazonQ: { slackWorkspaceId: 'T0123ABCD', slackChannelId: 'C0123ABCD' } },
  vpc: {
    vpc: { subnetIds: ['subnet-0a1b2c3d', 'subnet-4e5f6a7b'], securityGroupIds: ['sg-0a1b2c3d'] },
  },
  key: { kmsKeyArn: `arn:aws:kms:eu-west-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab` },
} satisfies Record<string, Partial<SettingsInput>>;

const alarms = {
  alarmNamePrefixes: ['eks-', 'kube/'],
  alarmTopicArns: [
    `arn:aws:sns:eu-west-1:${account}:ops-alarms`,
    `arn:aws:sns:eu-west-1:${account}:team-alarms`,
  ],
  healthTopicArns: [`arn:aws:sns:eu-west-1:${account}:pager`],
} satisfies Partial<SettingsInput>;

export const everything: SettingsInput = {
  ...clusters.three,
  ...options.slack,
  ...options.amazonQ,
  ...options.vpc,
  ...options.key,
  ...alarms,
  tags: { team: 'platform' },
};

/** Every subset of the options. */
export function combinations(): Partial<SettingsInput>[] {
  const names = Object.keys(options) as (keyof typeof options)[];
  return Array.from({ length: 2 ** names.length }, (_, bits) =>
    Object.assign({}, ...names.filter((_, at) => bits & (1 << at)).map((name) => options[name])),
  );
}

const outdir = mkdtempSync(join(tmpdir(), 'podthaw-synth-'));
afterAll(() => rmSync(outdir, { recursive: true }));

export function newApp(flags: Record<string, unknown> = {}): App {
  const context = { ...flags, 'aws:cdk:bundling-stacks': [] };
  return new App({ outdir: mkdtempSync(`${outdir}/`), context });
}

export function templateOf(settings: SettingsInput): Template {
  return Template.fromStack(new PodthawStack(newApp(), 'podthaw', { settings }));
}

const report = z.object({
  pluginReports: z.array(
    z.looseObject({ violations: z.array(z.looseObject({ ruleName: z.string() })) }),
  ),
});

/** What cdk-nag's packs and CDK's own validation still have to say, warnings too. */
export function findings(fill: (app: App) => void, flags = {}): string[] {
  const app = newApp(flags);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  fill(app);
  try {
    app.synth();
  } catch (error) {
    if (!String(error).startsWith('ValidationFailed')) throw error;
  }
  const path = join(app.outdir, 'validation-report.json');
  return report
    .parse(JSON.parse(readFileSync(path, 'utf8')))
    .pluginReports.flatMap((plugin) => plugin.violations.map(({ ruleName }) => ruleName));
}
