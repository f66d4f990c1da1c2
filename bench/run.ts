/**
 * `npm run bench`: what the script costs, as ratios measured in one run on the real v1 freezer.
 * With `-- --strict`, a target that is missed or could not be measured is a failure.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gap, mountPoint } from '../test/real/mounts.ts';
import { makeBusyNode } from './busy-node.ts';
import { caveats } from './caveats.ts';
import { benchCheckAll } from './check-all.ts';
import { type Comparison, describeComparison, heading, isGood } from './comparison.ts';
import { benchThaw } from './thaw.ts';
import { ROUNDS } from './timing.ts';

const script = fileURLToPath(new URL('../agent-scripts/freezer.sh', import.meta.url));

async function measure(interrupted: AbortSignal): Promise<Comparison[]> {
  const node = await makeBusyNode(mountPoint('v1'), interrupted);
  try {
    return [benchCheckAll(script, node), ...(await benchThaw(script, node, interrupted))];
  } finally {
    await node.remove();
  }
}

/** Ctrl-C ends the command that runs right now, and then us, once all is taken away again. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => controller.abort(new Error(`ended by ${signal}`)));
  }
  return controller.signal;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { strict: { type: 'boolean', default: false } } });
  const missing = gap('v1');
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`);
    if (values.strict) process.exitCode = 1;
    return;
  }
  console.log('A node of 250 pods, 1,000 cgroups and 5,000 tasks, on the real cgroup v1 freezer.');
  console.log(`Medians of ${ROUNDS} rounds (fastest–slowest), taken in turns.`);
  for (const caveat of caveats(mountPoint('v1'))) console.log(`Note: ${caveat}.`);
  console.log();
  const interrupted = interruption();
  const comparisons = await measure(interrupted).catch((error: unknown) => {
    interrupted.throwIfAborted(); // a command that Ctrl-C ended did not fail
    throw error;
  });
  for (const line of [heading, ...comparisons.map(describeComparison)]) console.log(line);
  if (values.strict && !comparisons.every(isGood)) process.exitCode = 1;
}

await main();
