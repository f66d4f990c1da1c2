/** Any outcome that fits the schema, filled with what a hostile or broken node could send. */
import fc from 'fast-check';
import {
  type Outcome,
  outcomeSchema,
  POD_OUTCOMES,
  summarize,
} from '../../../../lambda/domain/outcome.ts';
import { CAUSES } from '../../../../lambda/domain/report.ts';

const NASTY = [
  '<!channel>',
  '<!here|here>',
  '<@U012345>',
  '<https://evil.example|click>',
  'https://evil.example/x',
  '&lt;!channel&gt;',
  '&',
  '`*_~',
  '```',
  '*bold*',
  '*left to do*  Nothing.',
  '_it_ ~gone~',
  'ca\u200brt\u00ad-\u200d0\u2060\ufeff\u3164',
  '\u{e0041}\u{e0042}',
  '\u202egnp.exe',
  '\u2066rtl\u2069',
  'עברית',
  'سلام',
  '👩‍👩‍👧‍👦🏴‍☠️',
  '\ud83d',
  'a\nall clear\n*left to do*  Nothing.',
  '\r\n\u0000\u001b[31m',
  '"\\"\\',
  '|',
  '',
];

const short = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.array(fc.constantFrom(...NASTY), { maxLength: 6 }).map((parts) => parts.join('')),
);

/** Now and then far longer than any name or line should be. */
const text = fc.oneof(
  { weight: 6, arbitrary: short },
  {
    weight: 1,
    arbitrary: fc.tuple(short, fc.nat(4_000)).map(([part, times]) => part.repeat(times)),
  },
);

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const count = fc.nat(100_000);

const freeze = fc.record({
  hierarchy: fc.constantFrom('v1', 'v2'),
  path: text,
  level: fc.constantFrom('container', 'nested', 'pod', 'above-pod', 'outside-pod'),
  container: optional(text),
  before: short,
  after: short,
  action: fc.constantFrom('none', 'thawed', 'left', 'failed', 'lifted-by-other'),
  since: optional(fc.double({ noNaN: true, noDefaultInfinity: true })),
});

const process = fc.record({
  pid: count,
  tid: count,
  comm: text,
  state: short,
  wchan: optional(text),
  pending: fc.array(short, { maxLength: 8 }),
  stack: fc.array(text, { maxLength: 8 }),
});

const pod = fc.record({
  namespace: text,
  name: text,
  uid: text,
  node: optional(text),
  instanceId: optional(text),
  overdueSeconds: fc.oneof(count, fc.integer()),
  outcome: fc.constantFrom(...POD_OUTCOMES),
  cause: optional(fc.constantFrom(...CAUSES)),
  holding: optional(fc.constantFrom(...CAUSES)),
  reason: text,
  commandId: optional(fc.oneof(text, fc.uuid())),
  freezes: fc.array(freeze, { maxLength: 6 }),
  secondsToGone: optional(fc.oneof(count, fc.double({ noNaN: true, noDefaultInfinity: true }))),
  tasks: optional(fc.record({ exited: optional(count), left: optional(count) })),
  processes: fc.array(process, { maxLength: 6 }),
});

const secondsOpen = fc.oneof(count, fc.double({ noNaN: true, noDefaultInfinity: true }));
const gonePod = fc.record({
  what: fc.constant('pod'),
  namespace: text,
  name: text,
  uid: text,
  node: optional(text),
  outcome: fc.constantFrom(...POD_OUTCOMES),
  cause: optional(fc.constantFrom(...CAUSES)),
  secondsOpen,
});
const pastProblem = fc.record({ what: fc.constant('problem'), problem: text, secondsOpen });
const resolved = fc.array(
  fc.oneof({ weight: 5, arbitrary: gonePod }, { weight: 1, arbitrary: pastProblem }),
  {
    minLength: 1,
    maxLength: 60,
  },
);

/** Parsed by the schema, as an outcome always is on its way. */
export const anyOutcome: fc.Arbitrary<Outcome> = fc
  .record({
    podthaw: fc.constant(1),
    runId: fc.oneof(text, fc.uuid()),
    cluster: text,
    action: fc.constantFrom('check', 'thaw'),
    trigger: fc.record({
      kind: fc.constantFrom('alarm', 'schedule', 'manual'),
      name: optional(text),
    }),
    pods: fc.oneof(fc.array(pod, { maxLength: 4 }), fc.array(pod, { minLength: 6, maxLength: 60 })),
    problem: optional(text),
    resolved: optional(resolved),
  })
  .map((raw) => {
    const counts = { summary: summarize(raw.pods), resolvedCount: raw.resolved?.length };
    return outcomeSchema.parse(JSON.parse(JSON.stringify({ ...raw, ...counts })));
  });
