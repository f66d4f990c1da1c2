/** `check --all` against the least that any search of the tree could cost: one grep for FROZEN. */
import { writeFileSync } from 'node:fs';
import type { BusyNode } from './busy-node.ts';
import type { Comparison } from './comparison.ts';
import { ROUNDS, time } from './timing.ts';

/** One container of the node is frozen while both look. Both search the whole hierarchy. */
export function benchCheckAll(script: string, node: BusyNode): Comparison {
  const ours: number[] = [];
  const theirs: number[] = [];
  const state = `${node.pod.container}/freezer.state`;
  writeFileSync(state, 'FROZEN');
  try {
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(time([script, 'check', '--all', '--settle', '0']));
      theirs.push(time(['grep', '-rl', 'FROZEN', '--include=freezer.state', node.freezer]));
    }
  } finally {
    writeFileSync(state, 'THAWED');
  }
  return {
    what: 'check --all --settle 0',
    ours,
    against: 'grep -rl FROZEN',
    theirs,
    target: { ratio: 3 },
  };
}
