/** Names of any bytes: the report stays one line of ASCII JSON, and the names are right. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { below } from '../real/cgroup.ts';
import { reportOf, runFolder, targetOf } from '../real/freezer-script.ts';
import { startIn, until } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { addCgroup, addTask, makeNode } from './fake-node.ts';
import { atOnce, freezeAll, makePod } from './pods.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');
const comms: [name: string, comm: Buffer][] = [
  ['quotes and backslashes', bytes('a"b\\c\'d`e$(f)')],
  ['a line break', bytes('\nnew\nline\n')],
  ['spaces at its ends', bytes('  two  ')],
  ['an escape sequence', bytes('\x1b[31mred\x7f\t\b')],
  ['an emoji and an umlaut', Buffer.from('🧊 über')],
  ['bytes that are no UTF-8', bytes('\xff\xc3(\xe2\x82 \xed\xa0\x80')],
  ['an emoji cut at the 15th byte', Buffer.from('thirteen bytes🧊').subarray(0, 15)],
];

describeFreezers('a process whose name has', (hierarchy) => {
  test.each(comms)('%s', async (_, comm) => {
    const { uid, container } = makePod(hierarchy);
    const go = join(runFolder, randomUUID());
    const rename =
      'select undef, undef, undef, .01 until -e $ARGV[1]; $0 = pack "H*", shift; sleep 600';
    const { pid } = await startIn([container], ['perl', '-e', rename, comm.toString('hex'), go]);
    writeFileSync(go, '');
    await until('it has its name', () =>
      readFileSync(`/proc/${pid}/comm`).equals(Buffer.concat([comm, bytes('\n')])),
    );
    rmSync(go);
    const { processes } = await targetOf(['check', uid, ...atOnce]);
    expect(processes).toMatchObject([{ pid, comm: decoded(comm) }]);
  });
});

describeFreezers('a cgroup whose name has', (hierarchy) => {
  test.each([
    ['quotes and backslashes', 'a"b\\c\'d`e$(f)'],
    ['spaces, a star and brackets', ' * [a-z] ?{x,y} ~ '],
    ['a trailing backslash', 'back\\'],
    ['a subscript', "x]=1;y[$'\\x41']"],
    ['a leading dash, control characters', '-rf \x1b[31m\x7f\t\r'],
    ['an emoji', '🧊'],
    ['a dot in front', '.hidden'],
    ['colons and an equals sign', 'a:b=c:0::'],
  ])('%s', async (_, name) => {
    const { uid, container } = makePod(hierarchy);
    const odd = below(container, name);
    const { pid } = await startIn([odd], ['sleep', '600']);
    await freezeAll(odd);
    const freeze = { path: odd.path, level: 'nested', action: 'thawed' };
    expect(await targetOf(['check', `${pid}`, ...atOnce])).toMatchObject({ verdict: 'frozen' });
    expect(await targetOf(['thaw', uid, ...atOnce])).toMatchObject({
      verdict: 'thawed',
      freezes: [freeze],
    });
  });
});

const byte = (...not: number[]) =>
  fc.integer({ min: 1, max: 255 }).filter((code) => !not.includes(code));
const piece = (...not: number[]) =>
  fc.oneof(
    byte(...not).map((code) => Buffer.from([code])),
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 2 })
      .map((text) => Buffer.from(text))
      .filter((text) => ![0, ...not].some((code) => text.includes(code))),
    fc.constantFrom('\\', '"', '\\u0041', '%s', '\\n', '🧊').map((text) => Buffer.from(text)),
  );
const name = (most: number, ...not: number[]) =>
  fc
    .array(piece(...not), { minLength: 1, maxLength: most })
    .map((pieces) => Buffer.concat(pieces).subarray(0, most))
    .filter((text) => !['.', '..'].includes(text.toString('latin1')));
const slash = 0x2f;
const lineBreak = 0x0a;

test('any bytes at all', { timeout: 60_000 }, async () => {
  const pods = fc.array(fc.record({ comm: name(15), cgroup: name(40, slash, lineBreak) }), {
    minLength: 12,
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(pods, async (generated) => {
      const node = makeNode('v1');
      const uids = generated.map(({ comm, cgroup }, index) => {
        const uid = randomUUID();
        addCgroup(node, 'v1', `/kubepods/pod${uid}`);
        const path = `/kubepods/pod${uid}/${cgroup.toString('latin1')}`;
        addCgroup(node, 'v1', path, { frozen: true, tids: [1000 + index] });
        addTask(node, { tid: 1000 + index, comm });
        return uid;
      });
      const { targets } = await reportOf(['check', ...uids, ...atOnce], node.env);
      expect(
        targets.map(({ freezes, processes }) => [freezes[0]?.path, processes[0]?.comm]),
      ).toEqual(
        generated.map(({ comm, cgroup }, index) => [
          `/kubepods/pod${uids[index]}/${decoded(cgroup)}`,
          decoded(comm),
        ]),
      );
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

/** UTF-8 as it stands; each byte that begins no character as U+FFFD. */
function decoded(text: Uint8Array): string {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const length = [1, 2, 3, 4].find((count) => isCharacter(text.subarray(at, at + count), count));
    out += length === undefined ? '\ufffd' : Buffer.from(text.subarray(at, at + length)).toString();
    at += length ?? 1;
  }
  return out;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isCharacter(text: Uint8Array, length: number): boolean {
  try {
    return text.length === length && [...strict.decode(text)].length === 1;
  } catch {
    return false;
  }
}
