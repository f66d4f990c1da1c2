import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTrigger, TriggerError } from '../../lambda/domain/trigger.ts';
import type { Pipeline } from '../../local/pipeline.ts';
import { disguisedRequest } from '../fixtures/disguised-request.ts';
import { reportOf } from './fleet.ts';
import { addStuckPod, alarm, CLUSTER, sent, startShop } from './shop.ts';

/** The first pipeline of a process synthesizes the stack. */
const MINUTES = 180_000;
const UID = '00000000-0000-4000-8000-000000000001';

/** A node that thaws whatever it is told to, at once. */
const obedient = {
  behaviour: {
    kind: 'canned' as const,
    output: ({ parameters }: { parameters: Readonly<Record<string, string>> }) => ({
      stdout: reportOf([{ uid: UID }], [UID], parameters.Action ?? ''),
    }),
  },
};

/** What was sent: each command's action and targets. */
const commandsOf = ({ ssm }: Pipeline) =>
  [...ssm.commands.values()].map(({ parameters }) => `${parameters.Action} ${parameters.Targets}`);

describe('which cluster an event is about: the first that says so', () => {
  const clusters = [{ name: CLUSTER }, { name: 'other' }];
  const dimensions = (cluster: string) => ({
    configuration: {
      metrics: [{ metricStat: { metric: { dimensions: { ClusterName: cluster } } } }],
    },
  });
  const contributor = (cluster: string) => ({
    alarmContributor: { attributes: { cluster } },
  });
  const tags = (cluster: string) => ({ alarmTags: { 'podthaw:cluster': cluster } });
  const stuck = (fields: object) => ({
    alarmData: { alarmName: 'stuck', state: { value: 'ALARM' }, ...fields },
  });

  test.each<[string, object, string[]]>([
    [
      'dimensions, before contributor and tags',
      stuck({ ...dimensions('other'), ...contributor(CLUSTER), ...tags(CLUSTER) }),
      ['other'],
    ],
    [
      'the contributor, before tags',
      stuck({ ...contributor('other'), ...tags(CLUSTER) }),
      ['other'],
    ],
    ['tags, before the settings', stuck(tags('other')), ['other']],
    ['the settings: each of them', stuck({}), [CLUSTER, 'other']],
    ['on the schedule: each of them', { 'detail-type': 'Scheduled Event' }, [CLUSTER, 'other']],
    ['by hand: the one that is named', { cluster: 'other' }, ['other']],
  ])(
    '%s',
    async (_, event, expected) => {
      const shop = await startShop({ settings: { clusters } });
      const outcomes = [await shop.invoke(event)].flat();
      expect(outcomes.map(({ cluster }) => cluster)).toEqual(expected);
    },
    MINUTES,
  );

  test.each<[string, object, string]>([
    ['by hand, none of two', { action: 'check' }, `missing; expected one of ${CLUSTER}, other`],
    ['an alarm’s that is not looked after', stuck(dimensions('else')), 'got "else"'],
  ])('%s: a clear error, and nothing is sent', async (_, event, words) => {
    const shop = await startShop({ settings: { clusters } });
    addStuckPod(shop, { uid: UID });
    const invocation = shop.invoke(event);
    await expect(invocation).rejects.toThrow(TriggerError);
    await expect(invocation).rejects.toThrow(words);
    expect([...shop.eks.calls, ...shop.ssm.calls]).toEqual([]);
  });
});

/** Junk under the keys that a real event has. */
const junk = fc.oneof(
  fc.anything({ withBigInt: true, withNullPrototype: true }),
  fc.dictionary(
    fc.oneof(
      fc.constantFrom('alarmData', 'Records', 'detail-type', 'detail', 'action', 'pods', 'podUids'),
      fc.constantFrom('instanceIds', 'withoutApi', 'cluster', 'nodes', 'notify', 'state'),
      fc.string(),
    ),
    fc.oneof(
      fc.anything(),
      fc.constantFrom('thaw', CLUSTER, UID, true, 'CloudWatch Alarm State Change'),
      fc.record({ alarmName: fc.string(), state: fc.record({ value: fc.string() }) }),
      fc.array(fc.record({ Sns: fc.record({ Message: fc.oneof(fc.json(), fc.string()) }) })),
    ),
    { minKeys: 1 },
  ),
);

describe('the whole handler', () => {
  test(
    'on junk: one kind of error, and never a command',
    async () => {
      const shop = await startShop({ node: obedient });
      addStuckPod(shop, { uid: UID });
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(junk, async (event) => {
          fc.pre(!isRequest(event));
          const answer = await shop.invoke(event).catch((error: unknown) => error);
          if (answer instanceof Error) expect(answer).toBeInstanceOf(TriggerError);
          if (answer instanceof TriggerError) refused += 1;
          expect(sent(shop)).toBe(0);
        }),
        { numRuns: 1_000 },
      );
      expect(refused).toBeGreaterThan(500);
      // The same pipeline does send, once somebody means it.
      await shop.invoke(alarm());
      expect(commandsOf(shop)).toEqual([`thaw ${UID}`]);
    },
    MINUTES,
  );

  test(
    'on a sweep without the API that comes in an alarm’s clothes: no such command',
    async () => {
      const shop = await startShop({ node: obedient });
      const labels = { 'podthaw.dev/hold': 'true' };
      addStuckPod(shop, { uid: UID, metadata: { labels } });
      await fc.assert(
        fc.asyncProperty(disguisedRequest, async (event) => {
          await shop.invoke(event).catch((error: unknown) => {
            if (!(error instanceof TriggerError)) throw error;
          });
          expect(commandsOf(shop)).toEqual([]);
        }),
        { numRuns: 60 },
      );
      // A person may: then no hold is seen.
      const [instanceIds] = [[...shop.ssm.instances.keys()]];
      await shop.invoke({ action: 'thaw', instanceIds, withoutApi: true });
      expect(commandsOf(shop)).toEqual(['thaw --all']);
    },
    MINUTES,
  );
});

/** `{}` asks for a check of every stuck pod, and is no junk. */
function isRequest(event: unknown): boolean {
  try {
    return parseTrigger(event).kind === 'manual';
  } catch {
    return false;
  }
}
