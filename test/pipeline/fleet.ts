/** Many nodes whose reports are canned: a thaw empties the pod's cgroup, and then the API. */
import type { PipelineOptions } from '../../local/pipeline.ts';
import { TAGS } from './shop.ts';

type Node = PipelineOptions['nodes'][number];
type Canned = Extract<NonNullable<Node['behaviour']>, { kind: 'canned' }>['output'];
type Given = Parameters<Extract<Canned, (given: never) => unknown>>[0];

export interface FleetPod {
  uid: string;
  name: string;
  node: string;
}

export interface Fleet {
  nodes: Node[];
  pods: FleetPod[];
  /** How many times each pod's own node was told to thaw it. */
  thaws: Map<string, number>;
}

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0');

/** @param onThaw what the kubelet would do once a pod's tasks are gone */
export function makeFleet(
  size: { nodes: number; podsEach: number; latencyMs?: number },
  onThaw: (pod: FleetPod) => void,
): Fleet {
  const thaws = new Map<string, number>();
  const byInstance = new Map<string, FleetPod[]>();
  const nodes = Array.from({ length: size.nodes }, (_, n): Node => {
    const instanceId = `i-${hex(n, 17)}`;
    const node = `ip-10-${n >> 8}-${n & 255}-1.eu-central-1.compute.internal`;
    byInstance.set(instanceId, podsOn(node, n, size.podsEach));
    const output = ({ parameters }: Given) => {
      const own = byInstance.get(instanceId) ?? [];
      const asked = (parameters.Targets ?? '').split(',');
      const thawed = own.filter(({ uid }) => asked.includes(uid));
      if (parameters.Action === 'thaw') {
        for (const pod of thawed) {
          thaws.set(pod.uid, (thaws.get(pod.uid) ?? 0) + 1);
          onThaw(pod);
        }
      }
      return { stdout: reportOf(thawed, asked, parameters.Action ?? '') };
    };
    const { latencyMs = 20 } = size;
    const behaviour = { kind: 'canned' as const, output };
    return { instanceId, privateDnsName: node, tags: TAGS, latencyMs, behaviour };
  });
  return { nodes, pods: [...byInstance.values()].flat(), thaws };
}

function podsOn(node: string, n: number, count: number): FleetPod[] {
  return Array.from({ length: count }, (_, p) => ({
    uid: `${hex(n, 8)}-0000-4000-8000-${hex(p, 12)}`,
    name: `cart-${n}-${p}`,
    node,
  }));
}

/** As long as a real one: a cgroup's path, a freeze, the UIDs that are not here. */
function reportOf(own: readonly FleetPod[], asked: readonly string[], action: string): string {
  const here = new Set(own.map(({ uid }) => uid));
  const targets = own.map(({ uid }) => ({
    target: uid,
    verdict: action === 'thaw' ? 'thawed' : 'frozen',
    cause: 'paused',
    freezes: [
      {
        hierarchy: 'v1',
        path: `/kubepods.slice/kubepods-pod${uid}.slice/cri-containerd-${'c0ffee'.repeat(10)}.scope`,
        level: 'container',
        container: 'c0ffee'.repeat(10),
        before: 'FROZEN',
        after: action === 'thaw' ? 'THAWED' : 'FROZEN',
        action: action === 'thaw' ? 'thawed' : 'none',
      },
    ],
    tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 1, left: 0 },
    processes: [],
  }));
  return `${JSON.stringify({
    podthaw: 1,
    action,
    node: { hostname: 'node', kernel: '5.10.245', cgroup: 'v1' },
    startedAt: '2026-11-24T03:00:00Z',
    durationMs: 412,
    targets,
    absent: asked.filter((uid) => !here.has(uid)),
    truncated: false,
  })}\n`;
}
