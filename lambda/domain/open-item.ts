/** Open items: what people were told of, and what a listing proves to be over. Pure. */
import type { Open, Outcome, Resolved } from './outcome.ts';

export interface OpenItem {
  open: Open;
  /** When it was first told; milliseconds since 1970. */
  since: number;
}

/**
 * A pod that is being deleted never stops being so: where a complete listing lacks its UID, it has
 * left the API. A problem is over once pods could be listed.
 *
 * @param open read *before* the listing began: what is told later may be missing there and exist
 * @param listed UIDs of all the cluster's terminating pods
 */
export function resolvedBy(
  open: readonly OpenItem[],
  listed: ReadonlySet<string>,
  now: Date,
): Pick<Outcome, 'resolved' | 'resolvedCount'> {
  const resolved = open
    .filter((item) => item.open.what === 'problem' || !listed.has(item.open.uid))
    .map((item): Resolved => ({ ...item.open, secondsOpen: secondsSince(item.since, now) }));
  return resolved.length === 0 ? {} : { resolved, resolvedCount: resolved.length };
}

/** Other runs' clocks may be ahead by a little. */
function secondsSince(since: number, now: Date): number {
  return Math.max(0, Math.round((now.getTime() - since) / 1000));
}
