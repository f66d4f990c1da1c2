/** The rule itself: where the freezers are there, a freezer test cannot be skipped unnoticed. */
import { describe, expect, test } from 'vitest';
import { refuseSkips } from './suite.ts';

const ran = { name: 'ran', mode: 'run' };

describe('refuseSkips', () => {
  test('accepts a suite whose tests all ran', () => {
    expect(() => refuseSkips([ran, { ...ran, tasks: [ran] }])).not.toThrow();
  });

  test.each(['skip', 'todo'])('refuses %s, however deep', (mode) => {
    const tasks = [ran, { name: 'nest', mode: 'run', tasks: [{ name: 'thaws', mode }] }];
    expect(() => refuseSkips(tasks)).toThrow('"thaws" was skipped');
  });
});
