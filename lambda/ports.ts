/** Wires a run to the real cluster, EC2 and SSM. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SSMServiceException } from '@aws-sdk/client-ssm';
import { placeNodes } from './adapters/ec2.ts';
import { describeCluster, makeToken } from './adapters/eks.ts';
import { connect, type KubernetesApi, lookUp } from './adapters/kubernetes.ts';
import { runCommand } from './adapters/ssm.ts';
import type { Command } from './domain/command.ts';
import type { NodeReply } from './domain/outcome.ts';
import type { TerminatingPod } from './domain/pod.ts';
import type { Environment } from './environment.ts';
import type { Ports, RunContext } from './run.ts';

export type Connection = { ports: Ports; close(): Promise<void> };

const CONFIRM_EVERY_MS = 1_000;

/** Opens the cluster's API and wires the ports to it. @throws the SDK's errors */
export async function connectPorts(cluster: string, env: Environment): Promise<Connection> {
  const endpoint = await describeCluster(env.clients.eks, cluster);
  const api = connect(endpoint, () => makeToken(env.region, cluster));
  return { ports: { ...apiPorts(api), ...nodePorts(env) }, close: () => api.close() };
}

/** The ports that need no Kubernetes API. */
export function nodePorts({ clients, settings }: Environment) {
  return {
    now: () => new Date(),
    placeNodes: (nodes: readonly string[], tag: readonly [string, string]) =>
      placeNodes(clients.ec2, nodes, tag),
    runCommand: async (command: Command, context: RunContext) => {
      try {
        return await runCommand(clients.ssm, {
          documentName: settings.resources.documentName,
          command,
          comment: `podthaw ${context.runId}`,
          deadline: context.deadline,
        });
      } catch (error) {
        return refusedAll(command, error);
      }
    },
  };
}

/**
 * No command id came back. A refusal (the service's 4xx) means that no node has seen the command;
 * after anything else nobody knows, and there is no token to send it again safely.
 */
function refusedAll(command: Command, error: unknown): Map<string, NodeReply> {
  const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const reply: NodeReply =
    error instanceof SSMServiceException && error.$fault === 'client'
      ? { kind: 'failed', reason: `SSM refused the command: ${why}` }
      : { kind: 'unknown', reason: `it is not known whether SSM took the command: ${why}` };
  return new Map(command.work.map(({ instanceId }) => [instanceId, reply]));
}

function apiPorts(api: KubernetesApi) {
  return {
    listTerminating: () => api.listTerminating(),
    stillTerminating: async (pods: readonly TerminatingPod[]) => {
      const found = await lookUp(api, pods);
      return pods.filter((pod) => found.get(pod)?.uid === pod.uid && found.get(pod)?.terminating);
    },
    awaitGone: (pods: readonly TerminatingPod[], until: Date) => awaitGone(api, pods, until),
  };
}

/** A UID is gone when its name is free or belongs to another UID. */
async function awaitGone(
  api: KubernetesApi,
  pods: readonly TerminatingPod[],
  until: Date,
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  let left = pods;
  for (;;) {
    const found = await lookUp(api, left);
    for (const pod of left) if (found.get(pod)?.uid !== pod.uid) gone.add(pod.uid);
    left = left.filter((pod) => !gone.has(pod.uid));
    if (left.length === 0 || Date.now() >= until.getTime()) return gone;
    await sleep(CONFIRM_EVERY_MS);
  }
}
