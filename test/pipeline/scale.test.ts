import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Pipeline } from '../../local/pipeline.ts';
import { type FleetPod, makeFleet } from './fleet.ts';
import { addStuckPod, alarm, startShop } from './shop.ts';

/** Runs a script of this folder in a process of its own. @returns what it printed last, as JSON */
async function measure(memoryMb: number, script: string, ...args: string[]) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [...heapOf(memoryMb), file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, POWERTOOLS_METRICS_DISABLED: 'true', POWERTOOLS_LOG_LEVEL: 'SILENT' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  return JSON.parse(text.trim().split('\n').at(-1) ?? '');
}

/** A function of so much memory has a heap to fit; this machine's default would grow to gigabytes. */
function heapOf(memoryMb: number): string[] {
  const semi = Math.floor(memoryMb / 20);
  return [`--max-old-space-size=${Math.floor(memoryMb / 2)}`, `--max-semi-space-size=${semi}`];
}

/** Runs a whole fleet once, in a process of its own. @returns what came of it, and what it cost */
async function runFleet(size: { nodes: number; podsEach: number }) {
  let shop: Pipeline | undefined;
  const onThaw = ({ uid }: FleetPod) => void shop?.kubernetes.pods.delete(uid);
  const fleet = makeFleet({ ...size, latencyMs: 500 }, onThaw);
  const settings = { blastRadius: { share: 1, floor: 3 } };
  shop = await startShop({ nodes: fleet.nodes, settings });
  for (const pod of fleet.pods) addStuckPod(shop, pod);

  const begun = performance.now();
  const event = JSON.stringify(alarm());
  const { summaries, maxRssMb } = await measure(512, 'invoke.ts', event, '900000');
  const seconds = (performance.now() - begun) / 1000;
  await shop.sns.settled();
  const { ssm, ec2, kubernetes, dynamodb, sns } = shop;
  const calls: Record<string, number> = Object.fromEntries(
    [ssm, ec2, kubernetes, dynamodb, sns].flatMap((endpoint) => [...endpoint.calls]),
  );
  console.log(
    `${size.nodes} × ${size.podsEach}: ${seconds.toFixed(1)} s, ${maxRssMb} MB, calls:`,
    calls,
  );
  const pods = size.nodes * size.podsEach;
  expect(summaries).toEqual([{ summary: { deleted: pods } }]);
  expect(fleet.thaws.size).toBe(pods);
  expect(Math.max(...fleet.thaws.values())).toBe(1);
  expect(shop.slack.messages).toHaveLength(1);
  return { seconds, maxRssMb, calls };
}

test('1,000 nodes with 5 stuck pods each: one run, under 10 minutes and 512 MB', async () => {
  const { seconds, maxRssMb, calls } = await runFleet({ nodes: 1_000, podsEach: 5 });
  expect(seconds).toBeLessThan(600);
  expect(maxRssMb).toBeLessThan(512);
  expect(calls.SendCommand).toBe(25);
  // Five pods' reports are longer than the list holds: each node is asked once.
  expect(calls.GetCommandInvocation).toBe(1_000);
  // The claim, and what was told; the turn to tell, and its end.
  expect(calls.UpdateItem).toBe(10_000 + 2);
  // Asked again just before the commands: jointly, by lists where many ask at once.
  expect(calls.getPod ?? 0).toBeLessThan(1_500);
  expect(calls.listPods).toBeLessThan(150);
}, 600_000);

test('300 nodes with one stuck pod each: every report comes with a list', async () => {
  const { calls } = await runFleet({ nodes: 300, podsEach: 1 });
  expect(calls.SendCommand).toBe(12);
  expect(calls.GetCommandInvocation).toBeUndefined();
  expect(calls.UpdateItem).toBe(600 + 2);
}, 120_000);

test('100,000 pods are listed within 256 MB', async () => {
  const shop = await startShop({
    kubernetes: { generated: { count: 100_000, at: (index) => podAt(index) } },
  });
  const begun = performance.now();
  const { terminating, maxRssMb } = await measure(256, 'list.ts');
  console.log(
    `${((performance.now() - begun) / 1000).toFixed(1)} s, ${maxRssMb} MB for the listing`,
  );
  expect(terminating).toBe(100);
  expect(shop.kubernetes.calls.get('listPods')).toBe(200);
  expect(maxRssMb).toBeLessThan(256);
}, 300_000);

/** As much metadata as a real pod's 2.9 KB; every thousandth is stuck. */
function podAt(index: number) {
  const number = String(index).padStart(12, '0');
  const labels = Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [
      `app.kubernetes.io/label-${n}`,
      `value-of-${n}`.repeat(3),
    ]),
  );
  return {
    metadata: {
      namespace: 'shop',
      name: `cart-${number}`,
      uid: `00000000-0000-4000-8000-${number}`,
      labels,
      annotations: { 'kubernetes.io/config.seen': 'x'.repeat(1_200) },
      ...(index % 1_000 === 0 ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: `node-${index % 1_000}` },
  };
}
