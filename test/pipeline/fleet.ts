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

/** As the script writes it on a node whose pods' init processes are frozen with a kill pending. */
export function reportOf(
  own: readonly Pick<FleetPod, 'uid'>[],
  asked: readonly string[],
  action: string,
): string {
  const here = new Set(own.map(({ uid }) => uid));
  const report = {
    podthaw: 1,
    action,
    node: { hostname: 'ip-10-0-1-5.eu-central-1.compute.internal', kernel: KERNEL, cgroup: 'v1' },
    startedAt: '2026-11-24T03:00:00Z',
    durationMs: 10_412,
    targets: own.map(({ uid }) => (action === 'thaw' ? thawed(uid) : frozen(uid))),
    absent: asked.filter((uid) => !here.has(uid)),
    quiet: 0,
    truncated: false,
  };
  return `${JSON.stringify(report)}\n`;
}

const KERNEL = '5.10.245-241.976.amzn2.x86_64';

function thawed(uid: string) {
  return {
    target: uid,
    verdict: 'thawed',
    cause: 'paused',
    freezes: [freezeOf(uid, 'THAWED', 'thawed')],
    tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 1, left: 0 },
    processes: [process],
  };
}

function frozen(uid: string) {
  return {
    target: uid,
    verdict: 'frozen',
    cause: 'paused',
    reason: `${cgroupOf(uid)} is FROZEN and has frozen itself; a thaw would lift it`,
    freezes: [freezeOf(uid, 'FROZEN', 'none')],
    tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 0, left: 1 },
    processes: [process],
  };
}

function freezeOf(uid: string, after: string, action: string) {
  const before = 'FROZEN';
  return {
    hierarchy: 'v1',
    path: cgroupOf(uid),
    level: 'container',
    container: containerOf(uid),
    before,
    after,
    action,
  };
}

/** 64 hex digits, as containerd names them. */
const containerOf = (uid: string) => `c0ffee${uid.replaceAll('-', '')}`.padEnd(64, '0');

function cgroupOf(uid: string): string {
  const pod = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
  return `/kubepods.slice/kubepods-burstable.slice/${pod}/cri-containerd-${containerOf(uid)}.scope`;
}

const process = {
  pid: 41_234,
  tid: 41_234,
  comm: 'sleep',
  state: 'D',
  wchan: 'hrtimer_nanosleep',
  pending: ['KILL'],
  stack: [
    'hrtimer_nanosleep',
    'common_nsleep',
    '__x64_sys_clock_nanosleep',
    'do_syscall_64',
    'entry_SYSCALL_64_after_hwframe',
  ],
};
