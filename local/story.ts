/** What `npm start` prints, as it happens. */
import type { SlackMessage } from '../lambda/domain/slack-message.ts';

export interface Story {
  /** A new step, with the seconds since the story began. */
  step(title: string): void;
  /** A fact of the current step. */
  say(label: string, text: string): void;
  /** A quoted body, indented. */
  quote(text: string): void;
}

/** A terminal, or anything that can be written to. */
type Output = NodeJS.WritableStream & { isTTY?: boolean };

/** Tells the story to a stream; colours only where it is a terminal that wants them. */
export function makeStory(out: Output, startedAt = performance.now()): Story {
  const colours = out.isTTY && process.env.NO_COLOR === undefined;
  const bold = (text: string) => (colours ? `\u001b[1m${text}\u001b[0m` : text);
  const dim = (text: string) => (colours ? `\u001b[2m${text}\u001b[0m` : text);
  const line = (text: string) => out.write(`${text}\n`);
  return {
    step: (title) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(4);
      line(`\n${dim(`${seconds} s`)}  ${bold(title)}`);
    },
    say: (label, text) => line(`        ${dim(label.padEnd(9))} ${text}`),
    quote: (text) => {
      for (const quoted of text.trimEnd().split('\n')) line(`        ${dim('│')} ${quoted}`);
    },
  };
}

/** A Slack message as a reader would see its text. */
export function readSlack(message: Pick<SlackMessage, 'blocks'>): string {
  return message.blocks
    .flatMap((block) => {
      if (block.type === 'header') return [block.text.text];
      if (block.type === 'section') return [block.text?.text ?? ''];
      if (block.type === 'context') {
        return block.elements.map((element) => ('text' in element ? String(element.text) : ''));
      }
      return [];
    })
    .join('\n');
}
