/** A frozen task looks like many things; the verdict comes from the cgroup's files alone. */
import { release } from 'node:os';
import { expect, test } from 'vitest';
import { targetOf } from '../real/freezer-script.ts';
import { startIn, status } from '../real/process.ts';
import { describeFreezers } from '../real/suite.ts';
import { atOnce, freezeAll, makePod, stackOf, waitsIn, wchanOf } from './pods.ts';

const perl = (code: string) => ['perl', '-e', code];
const futex = process.arch === 'arm64' ? 98 : 202;

type Kind = {
  name: string;
  command: string[];
  /** Where it waits before the freeze. */
  waits: RegExp;
  /** What Linux 6.18 shows, measured. */
  v1: [state: string, wchan: string];
  v2: [state: string, wchan: string];
};

const kinds: Kind[] = [
  {
    name: 'sleeping',
    command: ['sleep', '600'],
    waits: /nanosleep/,
    v1: ['D', 'hrtimer_nanosleep'],
    v2: ['S', 'get_signal'],
  },
  {
    name: 'a futex wait',
    command: perl(`$word = pack 'i', 0; syscall ${futex}, $word, 0, 0, 0, 0, 0`),
    waits: /futex/,
    v1: ['D', 'futex_do_wait'],
    v2: ['S', 'get_signal'],
  },
  {
    name: 'a busy loop',
    command: perl('1 while 1'),
    waits: /^0$/,
    v1: ['D', '__refrigerator'],
    v2: ['S', 'get_signal'],
  },
  {
    name: 'a pipe read',
    command: perl('pipe R, W; sysread R, $byte, 1'),
    waits: /pipe/,
    v1: ['D', '__refrigerator'],
    v2: ['S', 'get_signal'],
  },
  {
    name: 'a poll',
    command: perl('select undef, undef, undef, undef'),
    waits: /poll|select/,
    v1: ['D', '__refrigerator'],
    v2: ['S', 'get_signal'],
  },
  {
    name: 'a wait for a child',
    command: perl('if (fork) { wait } else { sleep 600 }'),
    waits: /do_wait/,
    v1: ['D', '__refrigerator'],
    v2: ['S', 'get_signal'],
  },
  {
    name: 'SIGSTOPped',
    command: perl('kill STOP => $$; sleep 600'),
    waits: /signal_stop/,
    v1: ['D', 'do_signal_stop'],
    v2: ['T', 'do_signal_stop'],
  },
];

describeFreezers('how a frozen task looks', (hierarchy) => {
  test.each(kinds)('$name', async ({ command, waits, ...looks }) => {
    const { uid, container } = makePod(hierarchy);
    const { pid } = await startIn([container], command);
    await waitsIn(pid, waits);
    await freezeAll(container);
    const { processes, ...target } = await targetOf(['check', uid, ...atOnce]);
    expect(target).toMatchObject({ verdict: 'frozen', cause: 'paused' });
    const shown = processes.find((process) => process.pid === pid);
    expect(shown).toMatchObject({ state: status(pid, 'State')?.[0], wchan: wchanOf(pid) });
    expect(shown?.stack).toEqual(stackOf(pid));
    if (release().startsWith('6.18.')) {
      expect([shown?.state, shown?.wchan]).toEqual(looks[hierarchy]);
    }
  });
});
