/** An alarm of podthaw's own, which comes through the same topic, as a Slack message. */
import * as z from 'zod';
import type { SlackMessage } from '../slack-message.ts';
import { alarmLink, dashboardLink, runbookLink } from './links.ts';
import { context, escapeMrkdwn, header, linksLine, section } from './mrkdwn.ts';
import { originOf, type Surroundings } from './origin.ts';
import { printable } from './printable.ts';

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
export const alarmSchema = z.object({
  AlarmName: z.string(),
  AlarmArn: z.string().default(''),
  AlarmDescription: z.string().nullish(),
  OldStateValue: z.string().default('unknown'),
  NewStateValue: z.string(),
  NewStateReason: z.string().default(''),
});

type Alarm = z.infer<typeof alarmSchema>;

/** By the end of the alarm's name, as lib/health.ts gives it: what it means, and what to do. */
const ILLNESSES = [
  {
    anchor: 'health-detector-silent',
    name: /-health-detector-silent-/,
    step: 'Stuck pods go unseen. Read the log of podthaw-detect; npx podthaw doctor checks its access.',
  },
  {
    anchor: 'health-errors',
    name: /-health-.*-errors$/,
    step: "Read the function's log and its failures queue: what it failed at waits there.",
  },
  {
    anchor: 'health-throttles',
    name: /-health-.*-throttles$/,
    step: "Raise the account's Lambda concurrency, or find out what uses it up.",
  },
  {
    anchor: 'health-failures',
    name: /-health-.*-failures$/,
    step: 'Read what waits in the queue, mend its cause, then delete it from the queue.',
  },
  {
    anchor: 'health-notifications-failed',
    name: /-health-notifications-failed$/,
    step: "Look at the topic's subscriptions: an address that bounces, a reader that is gone.",
  },
] as const;

const OTHER = { anchor: 'health', step: 'See the alarm.' } as const;

/** The runbook's sections that these messages link to. */
export const HEALTH_ANCHORS: readonly string[] = [...ILLNESSES, OTHER].map(({ anchor }) => anchor);

export function healthMessage(
  alarm: Alarm,
  surroundings: Omit<Surroundings, 'topicArn'>,
): SlackMessage {
  const headline = headlineOf(alarm);
  const origin = originOf({ ...surroundings, topicArn: alarm.AlarmArn });
  const { anchor, step } = illness(alarm);
  const links = [
    ...alarmLink(origin, alarm.AlarmName),
    ...runbookLink(origin, anchor),
    ...dashboardLink(origin),
  ];
  const place = origin === undefined ? '' : ` (account ${origin.account} · ${origin.region})`;
  return {
    text: escapeMrkdwn(`${headline}${place}`),
    blocks: [
      header(headline),
      section(bodyOf(alarm, step)),
      context([linksLine(links) || `runbook: docs/runbook.md#${anchor}`]),
    ],
  };
}

function headlineOf({ AlarmName, NewStateValue }: Alarm): string {
  const name = printable(AlarmName, 255);
  switch (NewStateValue) {
    case 'OK':
      return `✅ podthaw itself is well again: ${name}`;
    case 'ALARM':
      return `🚑 podthaw itself needs help: ${name}`;
    default:
      return `❓ podthaw itself: ${name} is ${printable(NewStateValue, 40)}`;
  }
}

function bodyOf(alarm: Alarm, step: string): string {
  const description = printable(alarm.AlarmDescription ?? '', 500);
  return [
    ...(description === '' ? [] : [escapeMrkdwn(description)]),
    `*state*  ${stateOf(alarm)}`,
    `*reason*  ${escapeMrkdwn(printable(alarm.NewStateReason || 'none given', 400))}`,
    `*left to do*  ${alarm.NewStateValue === 'OK' ? 'Nothing.' : escapeMrkdwn(step)}`,
  ].join('\n');
}

function stateOf({ OldStateValue, NewStateValue }: Alarm): string {
  return escapeMrkdwn(`${printable(OldStateValue, 40)} → ${printable(NewStateValue, 40)}`);
}

function illness({ AlarmName }: Alarm): { anchor: string; step: string } {
  return ILLNESSES.find(({ name }) => name.test(AlarmName)) ?? OTHER;
}
