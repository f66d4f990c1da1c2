/** `npm run bench`: what the script costs, as ratios measured in one run on the real v1 freezer. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseMountinfo } from '../local/freezer.ts';
import { makeBusyNode } from './busy-node.ts';
import { benchCheckAll } from './check-all.ts';
import { benchThaw } from './thaw.ts';

const script = fileURLToPath(new URL('../agent-scripts/freezer.sh', import.meta.url));

function tell(what: string, ours: number, against: string, theirs: number): void {
  const ratio = (ours / theirs).toFixed(2);
  console.log(
    `${what}: ${ours.toFixed(0)} ms; ${against}: ${theirs.toFixed(0)} ms; ratio ${ratio}`,
  );
}

async function main(): Promise<void> {
  const freezer =
    process.platform === 'linux' && process.getuid?.() === 0
      ? parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
      : undefined;
  if (freezer?.version !== 'v1') {
    console.log('skipped: the bench needs root and a mounted cgroup v1 freezer');
    return;
  }
  console.log('250 pods, 1,000 cgroups, 5,000 tasks; medians of 9, taken in turns');
  const node = await makeBusyNode(freezer.mount);
  try {
    const all = benchCheckAll(script, node);
    tell('check --all --settle 0', all.ours, 'grep -rl FROZEN', all.theirs);
    const { ours, theirs } = await benchThaw(script, node);
    if (theirs === undefined)
      console.log(`thaw UID until its write: ${ours.toFixed(0)} ms; no runc here`);
    else tell('thaw UID until its write', ours, 'runc resume', theirs);
  } finally {
    await node.remove();
  }
}

await main();
