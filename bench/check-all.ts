/** `check --all` against the least that any search of the tree could cost: one grep for FROZEN. */
import { writeFileSync } from 'node:fs';
import type { BusyNode } from './busy-node.ts';
import { inTurns, time } from './timing.ts';

const ROUNDS = 9;

/** One container of the node is frozen while both look. @returns medians in ms */
export function benchCheckAll(script: string, node: BusyNode) {
  writeFileSync(`${node.pod.container}/freezer.state`, 'FROZEN');
  try {
    return inTurns(
      ROUNDS,
      () => time([script, 'check', '--all', '--settle', '0']),
      () => time(['grep', '-rl', 'FROZEN', '--include=freezer.state', node.folder]),
    );
  } finally {
    writeFileSync(`${node.pod.container}/freezer.state`, 'THAWED');
  }
}
