/** A web page that shows Slack messages from their blocks, for the picture in the README. */
import type { KnownBlock } from '@slack/types';
import { makeIncident } from '../../lambda/domain/message/incident.ts';
import type { Origin } from '../../lambda/domain/message/origin.ts';
import { type Outcome, outcomeSchema } from '../../lambda/domain/outcome.ts';
import { slackMessage } from '../../lambda/domain/slack-message.ts';

const ORIGIN: Origin = {
  partition: 'aws',
  account: '111122223333',
  region: 'eu-central-1',
  at: '2026-11-23T03:04:05.000Z',
  logGroup: 'podthaw-remediate',
  dashboard: 'podthaw',
  runbookUrl: 'https://wiki.example.com/podthaw/runbook.md',
};

const NODE = {
  node: 'ip-10-0-1-5.eu-central-1.compute.internal',
  instanceId: 'i-0a1b2c3d4e5f60718',
};
const COMMAND = { commandId: 'b5a5bd8f-5b0e-4a3e-9d39-0d4c6a1f2e77' };

const FREED = outcomeOf({
  ...NODE,
  ...COMMAND,
  namespace: 'shop',
  name: 'cart-0',
  uid: '6f1c0a52-8f9b-4c6d-9a57-3c8a2e1b7d10',
  overdueSeconds: 312,
  outcome: 'deleted',
  cause: 'paused',
  reason: 'thawed, and the pod is gone from the API',
  freezes: [
    {
      hierarchy: 'v1',
      path: '/kubepods/burstable/pod6f1c0a52/c0ffee12ab34',
      level: 'container',
      container: 'c0ffee12ab34cd56',
      before: 'FROZEN',
      after: 'THAWED',
      action: 'thawed',
    },
  ],
  secondsToGone: 14,
  tasks: { exited: 3, left: 0 },
  processes: [
    {
      pid: 412,
      tid: 412,
      comm: 'gunicorn',
      state: 'D',
      wchan: '__refrigerator',
      pending: ['KILL', 'TERM'],
    },
  ],
});

const STUCK = outcomeOf({
  ...NODE,
  ...COMMAND,
  namespace: 'media',
  name: 'encoder-7d9f',
  uid: '0d0f6c1e-2b3a-4d5c-8e9f-a0b1c2d3e4f5',
  overdueSeconds: 1_260,
  outcome: 'not-frozen',
  cause: 'nfs',
  reason: 'no cgroup of the pod is frozen',
  processes: [
    {
      pid: 9120,
      tid: 9120,
      comm: 'ffmpeg',
      state: 'D',
      wchan: 'rpc_wait_bit_killable',
      pending: ['KILL'],
    },
  ],
});

/** @returns the page's HTML: one message that is good news, and one that needs a person */
export function slackPage(): string {
  const messages = [FREED, STUCK].map((outcome) => slackMessage(makeIncident(outcome, ORIGIN)));
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style>
${messages.map(({ blocks }) => message(blocks)).join('\n')}
`;
}

function outcomeOf(pod: Record<string, unknown> & { outcome: string }): Outcome {
  return outcomeSchema.parse({
    podthaw: 1,
    runId: '1d2c3b4a-5e6f-4a7b-8c9d-0e1f2a3b4c5d',
    cluster: 'prod',
    action: 'thaw',
    trigger: { kind: 'alarm', name: 'podthaw-stuck-pods-prod' },
    pods: [pod],
    summary: { [pod.outcome]: 1 },
  });
}

function message(blocks: readonly KnownBlock[]): string {
  return `<article><img-of-app>🧊</img-of-app><div><b class="app">podthaw</b> <small>APP  03:04</small>
${blocks.map(block).join('\n')}</div></article>`;
}

function block(of: KnownBlock): string {
  switch (of.type) {
    case 'header':
      return `<h1>${escapeHtml(of.text.text)}</h1>`;
    case 'section':
      return `<p>${html(of.text?.text ?? '')}</p>`;
    case 'context':
      return `<p class="context">${of.elements.map((e) => ('text' in e ? html(String(e.text)) : '')).join('<br>')}</p>`;
    default:
      throw new Error(`no picture of a ${of.type} block yet`);
  }
}

/** Slack's markup as far as the messages use it; its escapes are HTML's own. */
function html(mrkdwn: string): string {
  return mrkdwn
    .replaceAll(/<(https:[^|>]+)\|([^>]+)>/g, '<a href="$1">$2</a>')
    .replaceAll(/\*([^*\n]+)\*/g, '<b>$1</b>')
    .replaceAll(/`([^`\n]+)`/g, '<code>$1</code>')
    .replaceAll('\n', '<br>');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

const STYLE = `
body{margin:0;padding:16px;width:728px;background:#fff;color:#1d1c1d;font:15px/1.46 Lato,"DejaVu Sans",sans-serif}
article{display:flex;gap:10px;margin-bottom:18px}
img-of-app{flex:none;width:36px;height:36px;border-radius:6px;background:#e8f5fe;font-size:22px;line-height:36px;text-align:center}
h1{font-size:18px;line-height:1.3;margin:4px 0}
p{margin:4px 0}
small,.context{color:#616061;font-size:12.5px}
a{color:#1264a3}
code{background:#f8f8f8;border:1px solid #ddd;border-radius:3px;padding:1px 3px;color:#c01343;font:12px "DejaVu Sans Mono",monospace}
`;
