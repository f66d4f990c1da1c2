/** Wires a run to the real cluster, EC2 and SSM. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import { readClaims, settleClaims, takeClaims } from './adapters/dynamodb-claims.ts';
import { readOpen } from './adapters/dynamodb-open.ts';
import { placeNodes } from './adapters/ec2.ts';
import { describeCluster, makeToken } from './adapters/eks.ts';
import { connect, type KubernetesApi } from './adapters/kubernetes.ts';
import { runCommand } from './adapters/ssm.ts';
import { claimedUntil, pausedUntil } from './domain/claim.ts';
import type { Command } from './domain/command.ts';
import { podItemId } from './domain/news.ts';
import type { TerminatingPod } from './domain/pod.ts';
import type { Environment } from './environment.ts';
import { joinLookUps } from './joint-look-up.ts';
import type { Claims, Ports, RunContext } from './run.ts';

const logger = new Logger();

export type Connection = { ports: Ports; close(): Promise<void> };

const FIRST_LOOK_MS = 500;
const SLOWEST_LOOK_MS = 5_000;

/** Opens the cluster's API and wires the ports to it. @throws the SDK's errors */
export async function connectPorts(cluster: string, env: Environment): Promise<Connection> {
  const endpoint = await describeCluster(env.clients.eks, cluster);
  const { deadline } = env;
  const api = connect(endpoint, () => makeToken(env.region, cluster), { deadline });
  const ports = {
    ...apiPorts(api),
    ...nodePorts(env),
    claims: claimsPort(cluster, env),
    readOpen: () => readOpenOrNone(cluster, env),
  };
  return { ports, close: () => api.close() };
}

/** What is open stays so until it can be read: no reason to keep a run from its pods. */
async function readOpenOrNone(cluster: string, { claims }: Environment) {
  try {
    return await readOpen(claims, cluster);
  } catch (error) {
    logger.error('cannot read what is open', { cluster, error });
    return [];
  }
}

/** The ports that need no Kubernetes API. */
export function nodePorts({ clients, settings }: Environment) {
  return {
    now: () => new Date(),
    placeNodes: (nodes: readonly string[], tag: readonly [string, string]) =>
      placeNodes(clients.ec2, nodes, tag),
    runCommand: (command: Command, context: RunContext) =>
      runCommand(clients.ssm, {
        documentName: settings.resources.documentName,
        command,
        comment: `podthaw ${context.runId}`,
        deadline: context.deadline,
      }),
  };
}

function apiPorts(api: KubernetesApi) {
  return {
    listTerminating: () => api.listTerminating(),
    stillTerminating: joinLookUps((pods) => api.stillTerminating(pods)),
    awaitGone: (pods: readonly TerminatingPod[], until: Date) => awaitGone(api, pods, until),
  };
}

/** An API that fails for a while is asked again: a thaw alone is no proof. */
async function awaitGone(
  api: KubernetesApi,
  pods: readonly TerminatingPod[],
  until: Date,
): ReturnType<Ports['awaitGone']> {
  const gone = new Map<string, Date>();
  let left = pods;
  for (let pause = FIRST_LOOK_MS; ; pause *= 1.5) {
    const { still, trouble } = await look(api, left);
    const now = new Date();
    for (const { uid } of left) if (!still.has(uid)) gone.set(uid, now);
    left = left.filter(({ uid }) => still.has(uid));
    if (left.length === 0 || now >= until) return { gone, trouble };
    await sleep(Math.min(pause, SLOWEST_LOOK_MS));
  }
}

/** Where the API does not answer, nobody is known to be gone. */
async function look(api: KubernetesApi, pods: readonly TerminatingPod[]) {
  try {
    return { still: await api.stillTerminating(pods), trouble: undefined };
  } catch (error) {
    const trouble = error instanceof Error ? error.message : String(error);
    return { still: new Set(pods.map(({ uid }) => uid)), trouble };
  }
}

/** The claims of one cluster's pods, for one invocation. */
function claimsPort(cluster: string, env: Environment): Claims {
  const { claims: table, deadline } = env;
  const idOf = (uid: string) => podItemId(cluster, uid);
  const uidOf = (id: string) => id.slice(idOf('').length);
  return {
    read: async (uids) => {
      const claims = await readClaims(table, uids.map(idOf));
      return new Map([...claims].map(([id, claim]) => [uidOf(id), claim]));
    },
    take: async (uids) => {
      const times = { now: new Date(), until: claimedUntil(deadline) };
      const taken = await takeClaims(table, uids.map(idOf), times);
      return new Set([...taken].map(uidOf));
    },
    settle: async (settlements) => {
      const now = new Date();
      const items = settlements.map((one) => ({ ...one, id: idOf(one.uid) }));
      try {
        await settleClaims(table, items, { now, until: pausedUntil(now) });
      } catch (error) {
        // What was done is done and must be told; the claims last until the run's deadline.
        logger.error('cannot settle claims', { cluster, error });
      }
    },
  };
}
