import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { internalError } from '../../../local/endpoints/faults.ts';
import {
  forbidden,
  type KubernetesEndpoint,
  type KubernetesOptions,
  startKubernetes,
  tooManyRequests,
} from '../../../local/endpoints/kubernetes.ts';
import type { Pod } from '../../../local/endpoints/pod.ts';
import { credentials } from './clients.ts';
import { CLUSTER, tokenWith } from './token.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

let kubernetes: KubernetesEndpoint;
let agent: Agent;

async function start(options: Partial<KubernetesOptions> = {}) {
  kubernetes = await startKubernetes({ clusterName: CLUSTER, credentials, ...options });
  agent = new Agent({ connect: { ca: kubernetes.caPem } });
}

afterEach(async () => {
  await agent?.destroy();
  await kubernetes?.close();
});

const listSchema = z.looseObject({
  kind: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  metadata: z.looseObject({
    continue: z.string().optional(),
    remainingItemCount: z.number().optional(),
    name: z.string().optional(),
    uid: z.string().optional(),
  }),
  items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })).default([]),
  columnDefinitions: z.array(z.looseObject({ name: z.string(), priority: z.number() })).default([]),
  rows: z
    .array(z.looseObject({ cells: z.array(z.unknown()), object: z.unknown().optional() }))
    .default([]),
});

async function get(path: string, headers: Record<string, string> = {}) {
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(kubernetes.url + path, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${await tokenWith()}`, ...headers },
  });
  const bytes = Buffer.from(await body.arrayBuffer());
  const packed = answered['content-encoding'] === 'gzip';
  const text = (packed ? gunzipSync(bytes) : bytes).toString();
  return { status: statusCode, headers: answered, body: listSchema.parse(JSON.parse(text)) };
}

function podOf(name: string, { namespace = 'shop', ...rest }: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: { name, namespace, uid: `uid-of-${namespace}-${name}`, ...rest },
    spec: { nodeName: 'ip-10-0-1-5.eu-central-1.compute.internal', containers: [{ name: 'app' }] },
    status: {
      phase: 'Running',
      podIP: '10.0.1.77',
      containerStatuses: [{ name: 'app', ready: true, restartCount: 2 }],
    },
  };
}

const namesOf = ({ body }: Awaited<ReturnType<typeof get>>) =>
  body.items.map(({ metadata }) => metadata.name);

describe('who is let in', () => {
  test('a token signed for this cluster', async () => {
    await start();
    expect((await get('/api/v1/pods')).status).toBe(200);
  });

  test.each([
    ['signed for another cluster', { cluster: 'staging' }],
    ['that names no cluster', { unnamed: true }],
    ['signed with another key', { secretAccessKey: 'guessed' }],
    ['for another action', { action: 'GetSessionToken' }],
    ['for another host', { hostname: 'sts.example.com' }],
    ['for another service', { service: 's3' }],
    ['that is 16 minutes old', { signedAt: new Date(Date.now() - 16 * 60_000) }],
    ['that is good for longer than a token may be', { expiresIn: 901 }],
  ])('not a token %s', async (_, faults) => {
    await start();
    const refused = await get('/api/v1/pods', {
      authorization: `Bearer ${await tokenWith(faults)}`,
    });
    expect(refused.status).toBe(401);
    expect(refused.body).toMatchObject({ kind: 'Status', reason: 'Unauthorized' });
  });

  test.each([
    ['no token', ''],
    ['a token of another kind', 'Bearer abc.def'],
    ['no URL', `Bearer k8s-aws-v1.${Buffer.from('nonsense').toString('base64url')}`],
  ])('not %s', async (_, authorization) => {
    await start();
    expect((await get('/api/v1/pods', { authorization })).status).toBe(401);
  });

  test('not a token with one character changed', async () => {
    await start();
    const token = await tokenWith();
    const url = Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString();
    const forged = url.replace('Version=2011', 'Version=2012');
    expect(forged).not.toBe(url);
    const authorization = `Bearer k8s-aws-v1.${Buffer.from(forged).toString('base64url')}`;
    expect((await get('/api/v1/pods', { authorization })).status).toBe(401);
  });

  test('a caller without the cluster’s CA does not trust the server', async () => {
    await start();
    await expect(request(`${kubernetes.url}/api/v1/pods`)).rejects.toThrow(/certificate/);
  });
});

describe('lists', () => {
  test('pods come ordered by namespace and name', async () => {
    await start({ pods: [podOf('b'), podOf('a'), podOf('z', { namespace: 'alpha' })] });
    const list = await get('/api/v1/pods');
    expect(list.body.kind).toBe('PodList');
    expect(namesOf(list)).toEqual(['z', 'a', 'b']);
  });

  test('a namespace, a field or a label narrows them', async () => {
    await start({
      pods: [podOf('a'), podOf('b', { labels: { app: 'cart' } }), podOf('c', { namespace: 'x' })],
    });
    expect(namesOf(await get('/api/v1/namespaces/shop/pods'))).toEqual(['a', 'b']);
    expect(namesOf(await get('/api/v1/pods?fieldSelector=metadata.name%3Dc'))).toEqual(['c']);
    expect(namesOf(await get('/api/v1/pods?fieldSelector=spec.nodeName%3Dnone'))).toEqual([]);
    expect(namesOf(await get('/api/v1/pods?labelSelector=app%3Dcart'))).toEqual(['b']);
  });

  test('there is no field selector on deletionTimestamp', async () => {
    await start();
    const refused = await get('/api/v1/pods?fieldSelector=metadata.deletionTimestamp%3Dx');
    expect(refused.status).toBe(400);
  });

  test('pages follow each other without a gap, also when a pod leaves in between', async () => {
    await start({ pods: ['a', 'b', 'c', 'd', 'e'].map((name) => podOf(name)) });
    const first = await get('/api/v1/pods?limit=2');
    expect(first.body.metadata.remainingItemCount).toBe(3);
    kubernetes.pods.delete('uid-of-shop-a');
    const rest = await get(`/api/v1/pods?limit=9&continue=${first.body.metadata.continue}`);
    expect([...namesOf(first), ...namesOf(rest)]).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(rest.body.metadata.continue).toBeUndefined();
  });

  test('an old continue token gets 410 Expired', async () => {
    await start({ pods: [podOf('a'), podOf('b')] });
    const first = await get('/api/v1/pods?limit=1');
    kubernetes.expireContinues();
    const expired = await get(`/api/v1/pods?limit=1&continue=${first.body.metadata.continue}`);
    expect([expired.status, expired.body.reason]).toEqual([410, 'Expired']);
    expect((await get('/api/v1/pods?limit=1')).status).toBe(200);
  });

  test('generated pods are paged like any other', async () => {
    await start({
      pods: [podOf('real')],
      generated: { count: 100_000, at: (index) => podOf(`made-${index}`) },
    });
    const names: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const page: Awaited<ReturnType<typeof get>> = await get(
        `/api/v1/pods?limit=5000&continue=${next}`,
      );
      names.push(...namesOf(page));
      next = page.body.metadata.continue;
    }
    expect(names).toHaveLength(100_001);
    expect(new Set(names).size).toBe(100_001);
  });
});

describe('tables', () => {
  const stuck = () =>
    podOf('cart-0', {
      creationTimestamp: '2026-11-20T10:00:00Z',
      deletionTimestamp: '2026-11-23T19:00:00Z',
    });

  test('rows carry kubectl’s wide columns and the metadata', async () => {
    await start({ pods: [stuck()], now: () => new Date('2026-11-23T19:30:00Z') });
    // This token must fit the server's clock, not ours.
    const authorization = `Bearer ${await tokenWith({ signedAt: new Date('2026-11-23T19:29:50Z') })}`;
    const { body } = await get('/api/v1/pods?limit=5', { accept: TABLE, authorization });
    expect(body.kind).toBe('Table');
    const cells = Object.fromEntries(
      body.columnDefinitions.map(({ name }, index) => [name, body.rows[0]?.cells[index]]),
    );
    expect(cells).toEqual({
      Name: 'cart-0',
      Ready: '1/1',
      Status: 'Terminating',
      Restarts: '2',
      Age: '3d9h',
      IP: '10.0.1.77',
      Node: 'ip-10-0-1-5.eu-central-1.compute.internal',
      'Nominated Node': '<none>',
      'Readiness Gates': '<none>',
    });
    expect(body.rows[0]?.object).toEqual({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: stuck().metadata,
    });
  });

  test('includeObject chooses what a row carries', async () => {
    await start({ pods: [stuck()] });
    const whole = await get('/api/v1/pods?includeObject=Object', { accept: TABLE });
    expect(whole.body.rows[0]?.object).toMatchObject({ kind: 'Pod', spec: stuck().spec });
    const none = await get('/api/v1/pods?includeObject=None', { accept: TABLE });
    expect(none.body.rows[0]).not.toHaveProperty('object');
  });

  test('a caller that also accepts plain JSON gets the first that fits', async () => {
    await start();
    const accept = `application/vnd.kubernetes.protobuf,${TABLE},application/json`;
    expect((await get('/api/v1/pods', { accept })).body.kind).toBe('Table');
    expect((await get('/api/v1/pods', { accept: 'application/yaml' })).status).toBe(406);
  });
});

describe('one pod', () => {
  test('is found by its name', async () => {
    await start({ pods: [podOf('cart-0')] });
    const { body } = await get('/api/v1/namespaces/shop/pods/cart-0');
    expect(body).toMatchObject({ kind: 'Pod', metadata: { uid: 'uid-of-shop-cart-0' } });
  });

  test('is 404 when it is not there', async () => {
    await start({ pods: [podOf('cart-0')] });
    const missing = await get('/api/v1/namespaces/shop/pods/cart-1');
    expect([missing.status, missing.body.reason]).toEqual([404, 'NotFound']);
  });

  test('leaves the API once what it stands for is gone', async () => {
    await start();
    let gone = false;
    kubernetes.pods.add(podOf('cart-0'), { goneWhen: () => gone });
    expect((await get('/api/v1/namespaces/shop/pods/cart-0')).status).toBe(200);
    gone = true;
    expect((await get('/api/v1/namespaces/shop/pods/cart-0')).status).toBe(404);
    expect(namesOf(await get('/api/v1/pods'))).toEqual([]);
  });

  test('may be followed by another of the same name and another UID', async () => {
    await start({ pods: [podOf('cart-0')] });
    kubernetes.pods.delete('uid-of-shop-cart-0');
    kubernetes.pods.add(podOf('cart-0', { uid: 'the-next' }));
    const { body } = await get('/api/v1/namespaces/shop/pods/cart-0');
    expect(body.metadata.uid).toBe('the-next');
  });
});

test('nodes and secrets are forbidden, other paths unknown', async () => {
  await start();
  expect((await get('/api/v1/nodes')).status).toBe(403);
  expect((await get('/api/v1/namespaces/shop/secrets')).status).toBe(403);
  expect((await get('/api/v1/services')).status).toBe(404);
});

test('a large answer is packed where the caller takes gzip, a small one never', async () => {
  await start({ generated: { count: 2_000, at: (index) => podOf(`made-${index}`) } });
  const gzip = { 'accept-encoding': 'gzip' };
  const large = await get('/api/v1/pods', gzip);
  expect(large.headers['content-encoding']).toBe('gzip');
  expect(large.body.items).toHaveLength(2_000);
  expect((await get('/api/v1/pods?limit=1', gzip)).headers['content-encoding']).toBeUndefined();
  expect((await get('/api/v1/pods')).headers['content-encoding']).toBeUndefined();
});

test('faults on purpose: 429 with Retry-After, 403, 500, then as usual', async () => {
  await start();
  kubernetes.faults.next('listPods', tooManyRequests(2), forbidden(), internalError());
  const busy = await get('/api/v1/pods');
  expect([busy.status, busy.headers['retry-after']]).toEqual([429, '2']);
  expect((await get('/api/v1/pods')).status).toBe(403);
  expect((await get('/api/v1/pods')).status).toBe(500);
  expect((await get('/api/v1/pods')).status).toBe(200);
  expect(kubernetes.calls.get('listPods')).toBe(4);
});
