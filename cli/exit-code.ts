/** What scripts go by. */
import { needsPerson } from '../lambda/domain/notification.ts';
import type { Outcome } from '../lambda/domain/outcome.ts';

export const EXIT = {
  /** Nothing is left to do. */
  done: 0,
  /** Something is left to a person: the table says what. */
  left: 1,
  /** The request makes no sense, or was not confirmed; nothing was sent. */
  usage: 2,
  /** podthaw could not be asked, or could not look. */
  failed: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `Exit codes:
  0  nothing is left to do
  1  something is left to a person: the table says what
  2  the request makes no sense, or was not confirmed; nothing was sent
  3  podthaw could not be asked, or could not look`;

export function exitCodeOf(outcomes: readonly Outcome[]): ExitCode {
  if (outcomes.some(({ problem }) => problem !== undefined)) return EXIT.failed;
  return outcomes.some(needsPerson) ? EXIT.left : EXIT.done;
}

/** The command cannot go on; `message` is for the person who typed it. */
export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
