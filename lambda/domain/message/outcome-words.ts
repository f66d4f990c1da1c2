/** What each outcome is called, and whether it leaves something to a person. */
import type { PodOutcome, PodOutcomeKind } from '../outcome.ts';

interface OutcomeWords {
  icon: string;
  /** After a pod's name: "shop/cart-0 …". */
  verdict: string;
  /** After a count: "3 …". */
  counted: string;
  /** Whether something is left for a person to do. */
  needsPerson: boolean;
}

/** In the order in which a person wants to read them: what is open first, what is done last. */
const OUTCOMES = {
  failed: {
    icon: '❌',
    verdict: 'is stuck: podthaw could not free it',
    counted: 'not freed',
    needsPerson: true,
  },
  unknown: {
    icon: '❓',
    verdict: 'could not be judged',
    counted: 'unknown',
    needsPerson: true,
  },
  unreachable: {
    icon: '📵',
    verdict: 'is stuck where podthaw cannot reach it',
    counted: 'out of reach',
    needsPerson: true,
  },
  'not-frozen': {
    icon: '🔍',
    verdict: 'is stuck, but not frozen',
    counted: 'stuck but not frozen',
    needsPerson: true,
  },
  held: {
    icon: '✋',
    verdict: 'is stuck and was left alone',
    counted: 'left alone',
    needsPerson: true,
  },
  'would-thaw': {
    icon: '❄️',
    verdict: 'is frozen; a thaw would free it',
    counted: 'frozen and only looked at',
    needsPerson: true,
  },
  thawed: {
    icon: '🌤️',
    verdict: 'is thawed, but not gone yet',
    counted: 'thawed but not gone yet',
    needsPerson: true,
  },
  deferred: {
    icon: '⏳',
    verdict: 'waits for the next run',
    counted: 'left to the next run',
    needsPerson: false,
  },
  'in-progress': {
    icon: '⌛',
    verdict: "is in another run's hands",
    counted: "in another run's hands",
    needsPerson: false,
  },
  deleted: { icon: '✅', verdict: 'is gone', counted: 'gone', needsPerson: false },
} as const satisfies { readonly [kind in PodOutcomeKind]: OutcomeWords };

const ORDER = Object.keys(OUTCOMES);

export function outcomeWords(kind: PodOutcomeKind): OutcomeWords {
  return OUTCOMES[kind];
}

/** Sorts what needs a person to the front. */
export function byUrgency(a: PodOutcomeKind, b: PodOutcomeKind): number {
  return ORDER.indexOf(a) - ORDER.indexOf(b);
}

/** "is gone", with whether podthaw's thaw was part of it. */
export function verdictOf(pod: Pick<PodOutcome, 'outcome' | 'freezes'>): string {
  const thawed = pod.freezes.some(({ action }) => action === 'thawed');
  if (pod.outcome === 'deleted' && thawed) return 'was frozen; podthaw thawed it, and it is gone';
  return OUTCOMES[pod.outcome].verdict;
}
