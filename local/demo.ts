/** The demo: one alarm, one frozen process, one thaw, told as it happens. */
import * as z from 'zod';
import { parseReport } from '../lambda/domain/report.ts';
import { parseSettings } from '../lambda/domain/settings.ts';
import type { SlackMessage } from '../lambda/domain/slack-message.ts';
import { stuckPodsAlarm } from './alarm-event.ts';
import type { SsmOptions } from './endpoints/ssm.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { readSlack, type Story } from './story.ts';
import type { StuckPod } from './stuck-pod.ts';

type Command = Parameters<NonNullable<SsmOptions['onCommand']>>[0];
type Invocation = Parameters<NonNullable<SsmOptions['onReport']>>[0];

const CLUSTER = 'demo';
const NODE = 'ip-10-0-1-5.eu-central-1.compute.internal';
const INSTANCE = 'i-0123456789abcdef0';
const NAME = { namespace: 'shop', name: 'cart-0' };
/** How long past its deletionTimestamp the demo's pod is. */
const OVERDUE_MS = 300_000;

// Short windows for the demo; a deployment's are 10 s and 20 s.
const settings = parseSettings({
  mode: 'thaw',
  clusters: [{ name: CLUSTER }],
  settleSeconds: 2,
  waitSeconds: 5,
  confirmSeconds: 10,
});

/** Runs the story over a stuck pod. @returns whether its process was freed and the pod is gone */
export async function runDemo(pod: StuckPod, story: Story): Promise<boolean> {
  await tellStuck(pod, story);
  const pipeline = await startDemoPipeline(pod, story);
  try {
    return await tellRemediation(pod, pipeline, story);
  } finally {
    await pipeline.close();
  }
}

async function tellStuck(pod: StuckPod, story: Story): Promise<void> {
  story.step(`Pod ${NAME.namespace}/${NAME.name} hangs in Terminating`);
  story.say('cgroup', pod.path);
  story.say('freezer', await pod.state());
  story.say('process', `${pod.pid}: sent ${pod.tried}, and it is still there`);
  story.say('', (await pod.processState()) ?? 'gone');
}

function startDemoPipeline(pod: StuckPod, story: Story): Promise<Pipeline> {
  return startPipeline({
    settings,
    nodes: [
      {
        instanceId: INSTANCE,
        privateDnsName: NODE,
        tags: { [`kubernetes.io/cluster/${CLUSTER}`]: 'owned' },
      },
    ],
    ssm: {
      environment: pod.environment,
      onCommand: (command) => tellCommand(command, story),
      onReport: (invocation) => tellReport(invocation, story),
    },
  });
}

async function tellRemediation(pod: StuckPod, pipeline: Pipeline, story: Story): Promise<boolean> {
  const deletedAt = new Date(Date.now() - OVERDUE_MS).toISOString();
  pipeline.kubernetes.pods.add(
    { metadata: { ...NAME, uid: pod.uid, deletionTimestamp: deletedAt }, spec: { nodeName: NODE } },
    { goneWhen: pod.gone },
  );
  const alarm = stuckPodsAlarm(CLUSTER, new Date());
  story.step('CloudWatch alarm: StuckPods > 0 invokes the remediation');
  const outcome = await pipeline.invoke(alarm);
  await tellAftermath(pod, story);
  tellPublication(pipeline, story);
  const [judged] = Array.isArray(outcome) ? [] : outcome.pods;
  return (
    judged?.outcome === 'deleted' && (await pod.gone()) && pipeline.slack.messages.length === 1
  );
}

function tellCommand({ commandId, instanceIds, parameters }: Command, story: Story): void {
  story.step(`SSM Run Command to ${instanceIds.join(', ')}`);
  story.say('command', commandId);
  const { Action, Targets, Settle, Wait } = parameters;
  story.say('runs', `freezer.sh ${Action} ${Targets} --settle ${Settle} --wait ${Wait}`);
}

function tellReport({ details, stdout, stderr }: Readonly<Invocation>, story: Story): void {
  story.step(`The node reports (SSM: ${details})`);
  const parsed = parseReport(stdout);
  if (!parsed.ok) {
    story.say('broken', parsed.reason);
    if (stderr !== '') story.quote(stderr);
    return;
  }
  for (const target of parsed.report.targets) {
    story.say('verdict', `${target.verdict}, cause: ${target.cause}`);
    for (const freeze of target.freezes) {
      story.say(
        'freezer',
        `${freeze.before} → ${freeze.after} (${freeze.hierarchy}, ${freeze.level})`,
      );
    }
    const { total = 0, pendingKill = 0, exited = 0, left = 0 } = target.tasks ?? {};
    story.say(
      'tasks',
      `${total} held, ${pendingKill} with SIGKILL pending; ${exited} exited, ${left} left`,
    );
  }
}

async function tellAftermath(pod: StuckPod, story: Story): Promise<void> {
  const gone = await pod.gone();
  story.step(gone ? 'The process is gone, and so is the pod' : 'The process is still there');
  story.say('freezer', await pod.state());
  story.say('process', `${pod.pid}: ${(await pod.processState()) ?? 'gone'}`);
}

const slackSchema = z.custom<SlackMessage>((body) => typeof body === 'object' && body !== null);

function tellPublication({ sns, slack }: Pipeline, story: Story): void {
  for (const { subject, bodies } of sns.publications) {
    story.step(`SNS: ${subject}`);
    story.quote(bodies.default ?? '');
  }
  for (const body of slack.messages) {
    story.step('Slack');
    story.quote(readSlack(slackSchema.parse(body)));
  }
}
