/** Outside text made fit to print: on one line, without what changes how the rest of it reads. */

/**
 * Control characters, line and paragraph ends, format characters (bidirectional marks, zero widths,
 * soft hyphens, tags), letters that show nothing, lone surrogates: none may hide or turn a name.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]|\u034f|\u17b4|\u17b5|[\u180b-\u180f]/gu;

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
