/** `podthaw check` and `podthaw thaw`. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { podTitle } from '../lambda/domain/message/entry.ts';
import type { Outcome, PodOutcome } from '../lambda/domain/outcome.ts';
import { CliError, EXIT, type ExitCode, exitCodeOf } from './exit-code.ts';
import { invoke } from './invocation.ts';
import { describeOutcome } from './outcome-table.ts';
import { withProgress } from './progress.ts';
import { describeSelectors, makeRequest, type Selectors } from './request.ts';
import type { Terminal } from './terminal.ts';

export interface RunContext {
  client: LambdaClient;
  functionName: string;
  terminal: Terminal;
  json: boolean;
}

export async function check(selectors: Selectors, context: RunContext): Promise<ExitCode> {
  const outcomes = await look(selectors, context);
  return report(outcomes, context);
}

/** Looks first, names what it would thaw, asks, and then thaws just that; `yes` does without. */
export async function thaw(
  selectors: Selectors,
  context: RunContext,
  yes: boolean,
): Promise<ExitCode> {
  if (yes) return act(selectors, context);
  if (!context.terminal.interactive) {
    throw new CliError(EXIT.usage, 'thaw asks before it acts: run it at a terminal, or add --yes');
  }
  const found = await look({ ...selectors, notify: false }, context);
  const frozen = found.flatMap(({ pods }) =>
    pods.filter(({ outcome }) => outcome === 'would-thaw'),
  );
  if (frozen.length === 0) return report(found, context);
  context.terminal.note(found.map(describeOutcome).join('\n\n'));
  if (!(await confirmed(frozen, context.terminal))) {
    throw new CliError(EXIT.usage, 'Nothing was thawed.');
  }
  return act(narrowed(selectors, frozen), context);
}

async function act(selectors: Selectors, context: RunContext): Promise<ExitCode> {
  const request = makeRequest('thaw', selectors);
  const what = `${context.functionName} thaws ${describeSelectors(selectors)}`;
  const outcomes = await run(request, what, context);
  if (outcomes.some(({ action }) => action === 'check')) {
    context.terminal.note('This deployment observes (mode: observe): nothing was thawed.');
  }
  return report(outcomes, context);
}

function look(selectors: Selectors, context: RunContext): Promise<Outcome[]> {
  const request = makeRequest('check', selectors);
  const what = `${context.functionName} looks at ${describeSelectors(selectors)}`;
  return run(request, what, context);
}

function run(request: object, what: string, { client, functionName, terminal }: RunContext) {
  return withProgress(terminal, what, () => invoke(client, functionName, request));
}

async function confirmed(pods: readonly PodOutcome[], terminal: Terminal): Promise<boolean> {
  const names = pods.map(podTitle).join(', ');
  const answer = await terminal.ask(`\nThaw ${names}? [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

/** Just the pods that were shown; a sweep without the API knows no pods to name. */
function narrowed(selectors: Selectors, pods: readonly PodOutcome[]): Selectors {
  if (selectors.withoutApi) return selectors;
  const { cluster, notify } = selectors;
  return {
    ...(cluster === undefined ? {} : { cluster }),
    ...(notify ? { notify } : {}),
    uid: pods.map(({ uid }) => uid),
  };
}

function report(outcomes: readonly Outcome[], { terminal, json }: RunContext): ExitCode {
  const [only] = outcomes;
  const whole = outcomes.length === 1 ? only : outcomes;
  terminal.print(
    json ? JSON.stringify(whole, null, 2) : outcomes.map(describeOutcome).join('\n\n'),
  );
  return exitCodeOf(outcomes);
}
