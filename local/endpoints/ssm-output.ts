/** How the SSM agent and service cut a plugin's output. */

/** What GetCommandInvocation returns at most, in bytes. */
export const STDOUT_LIMIT = 24_000;
export const STDERR_LIMIT = 8_000;
/** What one plugin's `Output` of ListCommandInvocations holds at most, in bytes. */
const OUTPUT_LIMIT = 2_500;

const ERROR_TITLE = '\n----------ERROR-------\n';
const OUTPUT_CUT = '\n---Output truncated---';
const ERROR_CUT = '\n---Error truncated----';
const STREAM_CUT = '--output truncated--';

/** The first bytes of a stream; where it was cut, it ends in the agent's own mark, within the limit. */
export function cutStream(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  return firstBytes(text, limit - STREAM_CUT.length) + STREAM_CUT;
}

/** stdout, then stderr under a title, together at most 2,500 bytes: whichever is long is cut. */
export function mergedOutput(stdout: string, stderr: string): string {
  const title = stderr === '' ? '' : ERROR_TITLE;
  const room = OUTPUT_LIMIT - title.length;
  const out = Buffer.byteLength(stdout);
  const error = Buffer.byteLength(stderr);
  if (out + error < room) return stdout + title + stderr;
  if (out > room / 2 && error > room / 2) {
    const half = Math.floor((room - OUTPUT_CUT.length - ERROR_CUT.length) / 2);
    return firstBytes(stdout, half) + OUTPUT_CUT + title + firstBytes(stderr, half) + ERROR_CUT;
  }
  if (out <= room / 2) {
    return stdout + title + firstBytes(stderr, room - ERROR_CUT.length - out) + ERROR_CUT;
  }
  return firstBytes(stdout, room - OUTPUT_CUT.length - error) + OUTPUT_CUT + title + stderr;
}

/** A character cut in two becomes U+FFFD, as it does on its way through JSON. */
function firstBytes(text: string, count: number): string {
  return Buffer.from(text).subarray(0, Math.max(0, count)).toString();
}
