/** A Slack incoming webhook on loopback: a secret path, Slack's own refusals, a record of messages. */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import {
  type Endpoint,
  listen,
  type Reply,
  type Request,
  ServiceError,
  type Tls,
} from './server.ts';

export type SlackEndpoint = Endpoint & {
  /** The whole webhook URL: the secret that a caller must hold. */
  webhookUrl: string;
  /** Bodies that Slack would have shown, oldest first. */
  messages: unknown[];
};

/** Limits of Block Kit, https://docs.slack.dev/reference/block-kit/blocks. */
const text = (most: number) =>
  z.object({ type: z.enum(['plain_text', 'mrkdwn']), text: z.string().min(1).max(most) });
const plain = (most: number) =>
  z.object({ type: z.literal('plain_text'), text: z.string().min(1).max(most) });

const common = { block_id: z.string().max(255).optional() };

const blockSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('header'), text: plain(150), ...common }),
  z
    .object({
      type: z.literal('section'),
      text: text(3000).optional(),
      fields: z.array(text(2000)).min(1).max(10).optional(),
      ...common,
    })
    .refine((section) => section.text || section.fields, 'text or fields'),
  z.object({
    type: z.literal('context'),
    elements: z
      .array(z.looseObject({ type: z.string() }))
      .min(1)
      .max(10),
    ...common,
  }),
  z.object({
    type: z.literal('actions'),
    elements: z
      .array(z.looseObject({ type: z.string() }))
      .min(1)
      .max(25),
    ...common,
  }),
  z.object({ type: z.literal('divider'), ...common }),
  z.looseObject({ type: z.literal('rich_text'), elements: z.array(z.unknown()), ...common }),
  z.looseObject({ type: z.literal('markdown'), text: z.string().max(12_000), ...common }),
]);

const messageSchema = z.looseObject({
  text: z.string().optional(),
  blocks: z.array(z.unknown()).optional(),
  attachments: z.array(z.unknown()).optional(),
});

export async function startSlack({
  tls,
  onMessage,
}: {
  tls?: Tls;
  onMessage?: (body: unknown) => void;
} = {}): Promise<SlackEndpoint> {
  const team = 'T0LOOPBACK';
  const path = `/services/${team}/B0LOOPBACK/${randomBytes(12).toString('hex')}`;
  const messages: unknown[] = [];
  const endpoint = await listen(
    {
      operationOf: () => 'webhook',
      answer: (_, request) => {
        checkPath(request.url.pathname, path, team);
        const message = checkMessage(request);
        messages.push(message);
        onMessage?.(message);
        return reply(200, 'ok');
      },
      refuse: (error) => reply(error.status, error.code, error.headers),
    },
    tls,
  );
  return { ...endpoint, webhookUrl: endpoint.url + path, messages };
}

/** Slack tells a workspace that it does not know from a token that is wrong. */
function checkPath(asked: string, path: string, team: string): void {
  if (asked === path) return;
  if (asked.startsWith(`/services/${team}/`)) throw refusal('invalid_token', 403);
  throw refusal('no_service', 404);
}

function checkMessage(request: Request): unknown {
  if (request.method !== 'POST') throw refusal('invalid_payload', 400);
  const message = messageSchema.safeParse(parsed(request.body.toString()));
  if (!message.success) throw refusal('invalid_payload', 400);
  const { text: plainText, blocks, attachments } = message.data;
  if (!plainText && !blocks?.length && !attachments?.length) throw refusal('no_text', 400);
  if (
    !z
      .array(blockSchema)
      .max(50)
      .safeParse(blocks ?? []).success
  ) {
    throw refusal('invalid_blocks', 400);
  }
  return message.data;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const refusal = (code: string, status: number) => new ServiceError(code, code, status);

/** Slack answers in plain words, not in JSON. */
function reply(status: number, body: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'text/html', ...headers }, body };
}
