/** `npm start`: the whole way on one machine. Exits 0 only if the process was freed. */
import { makeFakePod } from './fake-pod.ts';
import { findFreezer } from './freezer.ts';
import { makeRealPod } from './real-pod.ts';
import { makeStory } from './story.ts';
import type { StuckPod } from './stuck-pod.ts';

/** However wrong it goes, it ends by itself before this. */
const LIMIT_MS = 28_000;

process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';

async function makePod(): Promise<StuckPod> {
  const freezer = await findFreezer();
  if ('missing' in freezer) {
    console.log(`No real freezer here (${freezer.missing}): the same way on a fake tree.`);
    return makeFakePod();
  }
  console.log(`The real cgroup ${freezer.version} freezer at ${freezer.mount}.`);
  return makeRealPod(freezer);
}

async function main(): Promise<void> {
  const story = makeStory(process.stdout);
  const pod = await makePod();
  const leave = async (code: number, why: string) => {
    console.error(`\n${why}: cleaning up.`);
    await pod.remove();
    process.exit(code);
  };
  process.once('SIGINT', () => void leave(130, 'Interrupted'));
  process.once('SIGHUP', () => void leave(129, 'Hung up'));
  process.once('SIGTERM', () => void leave(143, 'Terminated'));
  const timer = setTimeout(() => void leave(1, `Not done after ${LIMIT_MS / 1000} s`), LIMIT_MS);
  try {
    // The handlers read their log level when they are loaded.
    const { runDemo } = await import('./demo.ts');
    const freed = await runDemo(pod, story);
    story.step(freed ? 'Freed, proven, told.' : 'NOT freed.');
    process.exitCode = freed ? 0 : 1;
  } finally {
    clearTimeout(timer);
    await pod.remove();
  }
}

await main();
