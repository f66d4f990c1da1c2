/** That a run is under way, for as long as it is. */
import type { Terminal } from './terminal.ts';

/** @returns what `work` does; the terminal shows the seconds meanwhile */
export async function withProgress<T>(
  terminal: Pick<Terminal, 'note' | 'status'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1_000);
  terminal.note(`${what} … (Ctrl-C ends the waiting, not the run)`);
  const timer = setInterval(() => terminal.status(`  ${seconds()} s`), 1_000);
  try {
    const result = await work();
    terminal.status('');
    terminal.note(`done after ${seconds()} s`);
    return result;
  } finally {
    clearInterval(timer);
    terminal.status('');
  }
}
