/** The budget for commands: how many at once, and until when another may begin. */
import type { RunContext } from './run.ts';

/** Well under SendCommand's and ListCommandInvocations' rates. */
export const COMMANDS_AT_ONCE = 10;
/** Beside the script's own windows: for its delivery, its samples and its report. */
const COMMAND_MS = 75_000;

/** A command begun too late would be cut off midway: better not begun. */
export function hasTimeFor(
  { settings, deadline }: Pick<RunContext, 'settings' | 'deadline'>,
  now: Date,
): boolean {
  const windows = (settings.settleSeconds + settings.waitSeconds) * 1000;
  return now.getTime() + windows + COMMAND_MS <= deadline.getTime();
}
