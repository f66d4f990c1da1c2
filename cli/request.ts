/** What the options ask of the function, checked by the schema that the function itself uses. */
import * as z from 'zod';
import { hasSelectors, parseManualRequest } from '../lambda/domain/manual-request.ts';
import { CliError, EXIT } from './exit-code.ts';

/** As `check` and `thaw` take them. */
export interface Selectors {
  cluster?: string;
  pod?: string[];
  uid?: string[];
  node?: string[];
  instance?: string[];
  withoutApi?: boolean;
  notify?: boolean;
}

/** A manual request, as the function takes it. */
export type Request = Parameters<typeof parseManualRequest>[0] & object;

/** @throws CliError naming the option that does not fit */
export function makeRequest(action: 'check' | 'thaw', selectors: Selectors): Request {
  const { cluster, pod, uid, node, instance, withoutApi, notify } = selectors;
  const request = {
    action,
    ...(cluster === undefined ? {} : { cluster }),
    ...(pod === undefined ? {} : { pods: pod }),
    ...(uid === undefined ? {} : { podUids: uid }),
    ...(node === undefined ? {} : { nodes: node }),
    ...(instance === undefined ? {} : { instanceIds: instance }),
    ...(withoutApi ? { withoutApi: true } : {}),
    ...(notify ? { notify: true } : {}),
  };
  try {
    parseManualRequest(request);
    return request;
  } catch (error) {
    throw new CliError(EXIT.usage, faults(error), { cause: error });
  }
}

/** "every stuck pod of cluster prod", "the pods that you named". */
export function describeSelectors(selectors: Selectors): string {
  const where = selectors.cluster === undefined ? 'the cluster' : `cluster ${selectors.cluster}`;
  const narrow = hasSelectors(parseManualRequest(makeRequest('check', selectors)));
  return narrow ? `what you named in ${where}` : `every stuck pod of ${where}`;
}

const OPTIONS: { readonly [field: string]: string } = {
  pods: '--pod',
  podUids: '--uid',
  nodes: '--node',
  instanceIds: '--instance',
  withoutApi: '--without-api',
};

function faults(error: unknown): string {
  if (!(error instanceof z.ZodError)) return String(error);
  return error.issues
    .map(({ path, message }) => `${OPTIONS[String(path[0])] ?? `--${String(path[0])}`}: ${message}`)
    .join('; ');
}
