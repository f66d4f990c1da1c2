/** Reports for tests of the domain, as freezer.sh writes them. */
import type { Report, TargetReport } from '../../../lambda/domain/report.ts';

export function targetOf(target: string, fields: Partial<TargetReport> = {}): TargetReport {
  return {
    target,
    verdict: 'thawed',
    cause: 'paused',
    freezes: [
      {
        hierarchy: 'v1',
        path: `/kubepods/burstable/pod${target}/c0ffee`,
        level: 'container',
        container: 'c0ffee',
        before: 'FROZEN',
        after: 'THAWED',
        action: 'thawed',
      },
    ],
    tasks: { total: 1, pendingKill: 1, resumes: 0, exited: 1, left: 0 },
    processes: [],
    ...fields,
  };
}

export function reportOf(targets: TargetReport[], fields: Partial<Report> = {}): Report {
  return {
    podthaw: 1,
    action: 'thaw',
    node: { hostname: 'ip-10-0-1-5', kernel: '5.10.245', cgroup: 'v1' },
    startedAt: '2026-11-24T03:00:00Z',
    durationMs: 412,
    targets,
    absent: [],
    truncated: false,
    ...fields,
  };
}
