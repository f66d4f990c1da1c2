/** The Kubernetes API, read only: which pods are being deleted, and which are gone. */
import pMap from 'p-map';
import * as z from 'zod';
import type { TerminatingPod } from '../domain/pod.ts';
import type { ClusterEndpoint } from './eks.ts';
import { isNotFound, readAnswer } from './kubernetes-answer.ts';
import { type ConnectionOptions, type Get, openConnection } from './kubernetes-connection.ts';
import { listTerminating, type TerminatingList } from './pod-listing.ts';

export interface KubernetesApi {
  /** Terminating pods of the whole cluster, and how many nodes run pods at all. */
  listTerminating(): Promise<TerminatingList>;
  /** Of the pods' UIDs, those that are there now and terminating. */
  stillTerminating(pods: readonly TerminatingPod[]): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/** Fetching one page of a listing costs about as much as looking up so many pods. */
const LOOK_UPS_A_PAGE = 20;
const LOOK_UPS_AT_ONCE = 10;
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';

/** Opens a cluster's API. All that it does throws KubernetesError where the API does not serve. */
export function connect(
  endpoint: ClusterEndpoint,
  makeToken: () => Promise<string>,
  options: ConnectionOptions = {},
): KubernetesApi {
  const { get, close } = openConnection(endpoint, makeToken, options);
  let pages = 1;
  const list = async () => {
    const listed = await listTerminating(get);
    pages = listed.pages;
    return listed;
  };
  return {
    listTerminating: list,
    stillTerminating: (pods) =>
      pods.length > pages * LOOK_UPS_A_PAGE ? among(pods, list) : lookUp(get, pods),
    close,
  };
}

/** Looks each pod up by its name; another UID there is another pod. */
async function lookUp(get: Get, pods: readonly TerminatingPod[]): Promise<Set<string>> {
  const isThere = async (pod: TerminatingPod) => ((await isTerminating(get, pod)) ? [pod.uid] : []);
  return new Set((await pMap(pods, isThere, { concurrency: LOOK_UPS_AT_ONCE })).flat());
}

const podSchema = z.object({
  metadata: z.object({ uid: z.string(), deletionTimestamp: z.string().optional() }),
});

async function isTerminating(get: Get, { namespace, name, uid }: TerminatingPod): Promise<boolean> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const answer = await get(path, METADATA);
  if (isNotFound(answer)) return false;
  const { metadata } = readAnswer(podSchema, answer, `get pod ${namespace}/${name}`);
  return metadata.uid === uid && metadata.deletionTimestamp !== undefined;
}

/** Finds many in one fresh listing of all. */
async function among(
  pods: readonly TerminatingPod[],
  list: () => Promise<TerminatingList>,
): Promise<Set<string>> {
  const listed = new Set((await list()).pods.map(({ uid }) => uid));
  return new Set(pods.map(({ uid }) => uid).filter((uid) => listed.has(uid)));
}
