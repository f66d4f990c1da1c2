/** Outside text made fit to print: on one line, without what changes how the rest of it reads. */

/** Control characters, line and paragraph ends, bidirectional marks, invisible ones, lone surrogates. */
const UNPRINTABLE =
  /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\p{Cs}/gu;

/** At most `most` UTF-16 units, the last one `…` where something was cut off. */
export function printable(text: string, most: number): string {
  return clip(text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(UNPRINTABLE, '\ufffd'), most);
}

/** Cuts without leaving half a surrogate pair behind. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, Math.max(0, most - 1)).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** For readers of bytes: what SNS asks of a subject. */
export function ascii(text: string): string {
  return text
    .replaceAll('→', '->')
    .replaceAll('…', '...')
    .replaceAll(/[^\x20-\x7e]/gu, '?');
}
