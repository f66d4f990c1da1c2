/** A thousand generated bad invocations: exit 2, a last line on stderr that says why and names it, nothing written. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSelfFrozen } from '../real/cgroup.ts';
import { script, shell } from '../real/freezer-script.ts';
import { seedOf } from '../real/seed.ts';
import { describeWith } from '../real/suite.ts';
import { pausedPod } from './pods.ts';

const uid = randomUUID();

/** No NUL, which no argument can hold. Latin-1: a character a byte, see `bytesOf`. */
const anyBytes = fc
  .uint8Array({ minLength: 0, maxLength: 60 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)).toString('latin1'));

const notASecond = fc.oneof(
  fc.integer({ min: 61 }).map(String),
  fc.bigInt({ min: 10n ** 20n, max: 10n ** 90n }).map(String),
  fc.integer({ max: -1 }).map(String),
  fc.constantFrom(
    '',
    ' 1',
    '1 ',
    '1s',
    '0x1',
    '1.5',
    '007',
    '+1',
    '1e1',
    '٣',
    '1\n',
    'a[$(reboot)]',
    '--all',
  ),
  anyBytes.filter((text) => !/^[0-9]{1,2}$/.test(text)),
);

const notATarget = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '00042',
    '/',
    '/.',
    '/..',
    '//',
    '/a/../b',
    '/a//b',
    '/a/.',
    './a',
    '~',
    '*',
  ),
  fc.constantFrom(
    '--',
    '-',
    '--help',
    '--settle=1',
    '--al',
    '-a',
    '--ALL',
    `--uid=${uid}`,
    'cart-0',
  ),
  fc.constantFrom(
    `${uid}x`,
    uid.slice(1),
    ` ${uid}`,
    `${uid}\n`,
    `${uid},${uid}`,
    uid.replace('-', '_'),
  ),
  fc.integer({ min: 10_000_000 }).map(String),
  fc.integer({ max: -1 }).map(String),
  fc.nat({ max: 9_999_999 }).map((pid) => `0${pid}`),
  fc.array(fc.constantFrom('a', '..', 'kubepods', '')).map((parts) => `/${parts.join('/')}/../x`),
  fc.integer({ min: 4001, max: 90_000 }).map((length) => `/${'x'.repeat(length)}`),
  fc.integer({ min: 100, max: 90_000 }).map((length) => 'f'.repeat(length)),
  anyBytes.filter((text) => !/^([1-9][0-9]{0,6}|[0-9A-Fa-f]{32}|--[a-z].*|\/.*)$/s.test(text)),
  anyBytes.map((text) => `/${text}\n`),
);

const action = fc.constantFrom('check', 'thaw');
const notAnAction = fc.oneof(
  fc.constantFrom(
    '',
    'freeze',
    'THAW',
    'thaw ',
    '--all',
    uid,
    'check\n',
    'thaw;reboot',
    '$(reboot)',
  ),
  anyBytes.filter((text) => text !== 'check' && text !== 'thaw'),
);
const goodOption = fc.constantFrom(['--settle', '0'], ['--wait', '1'], ['--text'], ['--above-pod']);
const goodOptions = fc.array(goodOption, { maxLength: 4 }).map((options) => options.flat());

type Bad = { args: string[]; env?: Record<string, string>; why: RegExp };

/** The parts of a command line that is right but for one of them. Only the bad one is ever complained of. */
const line = (bad: fc.Arbitrary<string[]>, why: RegExp): fc.Arbitrary<Bad> =>
  fc.tuple(action, goodOptions, bad, goodOptions).map(([verb, before, wrong, after]) => {
    return { args: [verb, ...before, ...wrong, ...after], why };
  });

const handOver = (change: fc.Arbitrary<Record<string, string>>, why: RegExp): fc.Arbitrary<Bad> =>
  change.map((env) => {
    return { args: [], env: { SSM_Action: 'thaw', SSM_Targets: uid, ...env }, why };
  });

const seconds = / takes 0 to 60 seconds, not \S/;
const badInvocation: fc.Arbitrary<Bad> = fc.oneof(
  notAnAction.map((verb) => ({ args: [verb, uid], why: /not an action: \S/ })),
  fc.constant<Bad>({ args: [], why: /no action given/ }),
  line(
    notATarget.map((target) => [target]),
    /neither a pod UID|not a cgroup path/,
  ),
  line(
    notATarget.map((target) => [uid, target]),
    /neither a pod UID|not a cgroup path/,
  ),
  line(
    notATarget.map((target) => ['--all', target]),
    /neither a pod UID|not a cgroup path/,
  ),
  line(
    fc
      .tuple(fc.constantFrom('--settle', '--wait'), notASecond)
      .map(([option, value]) => [uid, option, value]),
    seconds,
  ),
  line(
    fc.constantFrom(['--all', uid], ['1', '--all'], ['/kubepods', '--all', uid]),
    /--all stands for every pod/,
  ),
  line(fc.constantFrom([uid, '--diagnose'], ['--diagnose', '1']), /--diagnose goes with --all/),
  line(fc.constant([]), /no TARGET given/),
  goodOptions.map((options) => ({
    args: ['thaw', uid, ...options, '--wait'],
    why: /--wait needs a number/,
  })),
  handOver(
    notAnAction.filter(Boolean).map((verb) => ({ SSM_Action: verb })),
    /not an action/,
  ),
  handOver(
    notASecond.filter(Boolean).map((value) => ({ SSM_Settle: value })),
    /--settle takes/,
  ),
  handOver(
    notASecond.filter(Boolean).map((value) => ({ SSM_Wait: value })),
    /--wait takes/,
  ),
  handOver(
    notATarget.filter(isNoList).map((target) => ({ SSM_Targets: target })),
    /not a pod UID in SSM_Targets: \S/,
  ),
  handOver(
    notATarget.filter(isNoList).map((target) => ({ SSM_Targets: `${uid},${target}` })),
    /not a pod UID in SSM_Targets: \S/,
  ),
  handOver(fc.constantFrom({ SSM_Targets: '' }), /no TARGET given/),
);

/** One empty element is not an element; a list's commas are its own. */
function isNoList(text: string): boolean {
  return text !== '' && !text.includes(',');
}

type Ended = { status: number; stdout: string; stderr: string };

/** Arguments of any bytes: Node encodes a string as UTF-8, so bash turns \xHH back into bytes. */
function invoke({ args, env = {} }: Bad): Promise<Ended> {
  const written = args.map((arg) => `$'${escaped(arg)}'`).join(' ');
  const words = Object.entries(env).map(([name, value]) => `${name}=$'${escaped(value)}'`);
  const text = `export LC_ALL=C ${words.join(' ')}; exec "$0" -p "$1" ${written}`;
  return new Promise((resolve) => {
    execFile(shell, ['-c', text, shell, script], (error, stdout, stderr) => {
      resolve({ status: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

function escaped(text: string): string {
  return text.replace(/[^A-Za-z0-9/-]/gs, (char) => {
    return [...Buffer.from(char, char > '\xff' ? 'utf8' : 'latin1')]
      .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
      .join('');
  });
}

/** What stands in the last line must be printable and short, whatever was given. */
function complaint(stderr: string): string {
  return /(?:^|\n)(freezer\.sh: [ -~]{1,500})\n$/.exec(stderr)?.[1] ?? `no last line in: ${stderr}`;
}

async function holds(bad: Bad): Promise<void> {
  const { status, stdout, stderr } = await invoke(bad);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(complaint(stderr)).toMatch(bad.why);
}

describeWith(['v1'], 'bad invocations', () => {
  test('a thousand of them', { timeout: 120_000 }, async () => {
    const { container, uid: frozenUid } = await pausedPod('v1');
    const seed = seedOf('bad invocations');
    // Four at a time: fast-check runs one after the other.
    const four = fc.tuple(badInvocation, badInvocation, badInvocation, badInvocation);
    await fc.assert(
      fc.asyncProperty(four, async (bads) => {
        await Promise.all(bads.map((bad) => holds(aimedAt(frozenUid, bad))));
      }),
      { numRuns: 250, seed, endOnFailure: false },
    );
    expect(isSelfFrozen(container)).toBe(true);
  });
});

/** The good targets among the bad ones are a frozen pod's, so a write would show. */
function aimedAt(frozenUid: string, { args, env, why }: Bad): Bad {
  const aim = (text: string) => text.replaceAll(uid, frozenUid);
  const entries = Object.entries(env ?? {}).map(([name, value]) => [name, aim(value)]);
  return { args: args.map(aim), env: Object.fromEntries(entries), why };
}
