/** What SSM runs is the script of the repository: only what a reader needs is gone. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { print } from 'sh-syntax';
import { describe, expect, test } from 'vitest';
import { nodeScript, smaller } from '../../lib/node-script.ts';
import { script } from '../real/freezer-script.ts';

const source = readFileSync(script, 'utf8');

describe('the script for SSM', () => {
  test('is the same program', async () => {
    expect(await print(nodeScript)).toBe(await print(await smaller(await print(source))));
    expect(nodeScript.split('\n').filter((line) => line.startsWith('#'))).toEqual([
      '#!/bin/bash -p',
    ]);
    expect(nodeScript.length).toBeLessThan(source.length * 0.8);
  });

  test.each([[[]], [['thaw', '/kubepods/../x']], [['check', '--all', '--settle', '61']]])(
    'refuses %j in the same words',
    (args) => {
      const small = spawnSync('/bin/bash', ['-c', nodeScript, 'freezer.sh', ...args]);
      const whole = spawnSync('/bin/bash', [script, ...args]);
      expect(small.stderr.toString()).toBe(whole.stderr.toString());
      expect([small.status, whole.status]).toEqual([2, 2]);
    },
  );

  test('keeps every byte of a string, of several lines too', async () => {
    const text = "x='  # no comment\n    indented' # a comment\n";
    expect(await smaller(text)).toBe("x='  # no comment\n    indented'\n");
  });

  test('is refused where it is not bash, and why', async () => {
    await expect(smaller('if true; then\n')).rejects.toThrow(
      'must be followed by a statement list',
    );
  });
});
