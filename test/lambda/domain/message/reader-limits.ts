/** What each reader documents that it takes, written down apart from the code that keeps to it. */
import * as z from 'zod';

/** Nothing that breaks lines, hides in a name or turns text around; `\n` only where a reader's markup has lines. */
const harmless = (text: string) =>
  !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u3164]/u.test(text.replaceAll('\n', '')) && text.isWellFormed();

const ours =
  /<https:\/\/(eu-central-1\.console\.aws\.amazon\.com|wiki\.example\.com\/podthaw)\/[^<>|\s]*\|[^<>|\n]+>/g;

/** Escaped markup: once our own links are taken out, no `<`, `>` or bare `&` is left. */
export function isEscaped(mrkdwn: string): boolean {
  const rest = mrkdwn.replaceAll(ours, '');
  return !/[<>]/.test(rest) && !/&(?!amp;|lt;|gt;)/.test(rest);
}

/** Bold is our own: one label or title, where a line begins. The rest of a line is plain, or code. */
export function isPlain(mrkdwn: string): boolean {
  const lines = mrkdwn
    .replaceAll(ours, '')
    .replaceAll(/`[^`\n]*`/g, '')
    .split('\n');
  return lines.every((line) => {
    const rest = line.replace(/^(\P{ASCII}+ )?\*[^*\n]+\*/u, '');
    return !/[*~`]|(?<![\p{L}\p{N}_])_\S/u.test(rest);
  });
}

const mrkdwn = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(isEscaped, 'escaped, and no link but ours')
    .refine(isPlain, 'nothing bold, italic or struck out but our own')
    .refine(harmless, 'nothing that breaks or turns lines');

/** `verbatim` keeps Slack from making links and mentions of plain text. */
const mrkdwnText = z.strictObject({
  type: z.literal('mrkdwn'),
  text: mrkdwn(3_000),
  verbatim: z.literal(true),
});

/** https://docs.slack.dev/reference/block-kit/blocks */
export const slackSchema = z.strictObject({
  text: mrkdwn(40_000),
  blocks: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({
          type: z.literal('header'),
          text: z.strictObject({
            type: z.literal('plain_text'),
            text: z
              .string()
              .min(1)
              .max(150)
              .regex(/^[^<>\n]*$/)
              .refine(harmless),
          }),
        }),
        z.strictObject({ type: z.literal('section'), text: mrkdwnText }),
        z.strictObject({
          type: z.literal('context'),
          elements: z.array(mrkdwnText).min(1).max(10),
        }),
      ]),
    )
    .min(1)
    .max(50),
});

/** https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html */
export const amazonQSchema = z.strictObject({
  version: z.literal('1.0'),
  source: z.literal('custom'),
  id: z.string(),
  content: z.strictObject({
    textType: z.literal('client-markdown'),
    title: mrkdwn(250),
    description: mrkdwn(8_000),
    nextSteps: z.array(mrkdwn(500)).min(1).max(5).optional(),
    keywords: z.array(mrkdwn(120)).min(1),
  }),
  metadata: z.strictObject({ threadId: z.string(), summary: mrkdwn(250) }),
});

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, one line, at most 100. */
export const SUBJECT = /^[!-~][ -~]{0,99}$/;

export const SNS_BYTES = 262_144;
