/** Links into the AWS console and the runbook. Nothing in them comes unencoded from outside. */
import type { Origin } from './origin.ts';

export interface Link {
  label: string;
  url: string;
}

const CONSOLES: { readonly [partition: string]: string } = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HOUR_MS = 3_600_000;

/** The command's page in Run Command, with each node's output. */
export function commandLink(origin: Origin | undefined, commandId: string | undefined): Link[] {
  if (origin === undefined || commandId === undefined || !UUID.test(commandId)) return [];
  const url = `${base(origin)}/systems-manager/run-command/${commandId}?region=${origin.region}`;
  return [{ label: 'SSM command', url }];
}

/** All log lines of one run: the last hour before it was told, and the next. */
export function logsLink(origin: Origin | undefined, runId: string): Link[] {
  if (origin?.logGroup === undefined || !UUID.test(runId)) return [];
  const query = `fields @timestamp, level, message, @message\n| filter @message like "${runId}"\n| sort @timestamp asc`;
  const told = Date.parse(origin.at);
  const detail = [
    `end~'${starred(new Date(told + HOUR_MS).toISOString())}`,
    `start~'${starred(new Date(told - HOUR_MS).toISOString())}`,
    `timeType~'ABSOLUTE~tz~'UTC`,
    `editorString~'${starred(query)}`,
    `source~(~'${starred(origin.logGroup)})`,
  ].join('~');
  const url = `${cloudWatch(origin)}#logsV2:logs-insights$3FqueryDetail$3D~(${detail})`;
  return [{ label: 'logs of this run', url }];
}

export function dashboardLink(origin: Origin | undefined): Link[] {
  if (origin?.dashboard === undefined) return [];
  const name = encodeURIComponent(origin.dashboard);
  return [{ label: 'dashboard', url: `${cloudWatch(origin)}#dashboards/dashboard/${name}` }];
}

/** An alarm's page, by the alarm's name. */
export function alarmLink(origin: Origin | undefined, alarmName: string): Link[] {
  if (origin === undefined) return [];
  const url = `${cloudWatch(origin)}#alarmsV2:alarm/${strict(alarmName)}`;
  return [{ label: 'alarm', url }];
}

/** The runbook's section on `anchor`; without a place to read it, there is no link. */
export function runbookLink(origin: Origin | undefined, anchor: string): Link[] {
  if (origin?.runbookUrl === undefined) return [];
  const url = URL.parse(origin.runbookUrl);
  if (url === null) return [];
  url.hash = anchor;
  return [{ label: `runbook: ${anchor}`, url: url.href.replaceAll('|', '%7C') }];
}

function base({ partition, region }: Origin): string {
  return `https://${region}.${CONSOLES[partition] ?? CONSOLES.aws}`;
}

function cloudWatch(origin: Origin): string {
  return `${base(origin)}/cloudwatch/home?region=${origin.region}`;
}

/** The console's own notation of query details: `*` for `%`. */
function starred(text: string): string {
  return strict(text).replaceAll('%', '*');
}

/** Also what encodeURIComponent leaves, but the console's notation or a reader's link finder reads. */
function strict(text: string): string {
  const code = (c: string) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return encodeURIComponent(text.toWellFormed()).replaceAll(/[!'()*~]/g, code);
}
