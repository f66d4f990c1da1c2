/** Which pods are being deleted and which are gone, asked of a Kubernetes API on loopback. */
import { describe, expect, test } from 'vitest';
import { cgroupUid } from '../../../lambda/domain/pod.ts';
import { type Fault, failing, garbage } from '../../../local/endpoints/faults.ts';
import { crowd, listed, OVERDUE, open, podOf, startCluster, stuck } from './cluster.ts';

const json = (body: unknown, status = 200): Fault => ({
  kind: 'reply',
  reply: { status, body: JSON.stringify(body) },
});
const expired = failing('Expired', 410, 'The provided continue parameter is too old');

describe('a listing', () => {
  test('holds the pods that are being deleted, with what a run needs of them', async () => {
    const kubernetes = await startCluster({
      pods: [
        podOf('runs'),
        stuck('cart-0', {
          labels: { app: 'cart' },
          annotations: { 'podthaw.dev/hold': 'true' },
          finalizers: ['shop/drain'],
        }),
        { ...stuck('pending'), spec: {} },
      ],
    });
    const { pods, nodeCount } = await open(kubernetes).listTerminating();
    const bare = { namespace: 'shop', deletionTimestamp: OVERDUE };
    expect(pods).toEqual([
      {
        ...bare,
        uid: 'uid-of-cart-0',
        name: 'cart-0',
        node: 'ip-10-0-1-5.eu-central-1.compute.internal',
        labels: { app: 'cart' },
        annotations: { 'podthaw.dev/hold': 'true' },
        finalizers: ['shop/drain'],
      },
      {
        ...bare,
        uid: 'uid-of-pending',
        name: 'pending',
        node: undefined,
        labels: {},
        annotations: {},
        finalizers: [],
      },
    ]);
    expect(nodeCount).toBe(1);
  });

  test('goes through all pages, 500 pods each', async () => {
    const kubernetes = await startCluster({ generated: crowd(1_200, [0, 499, 500, 1_199]) });
    const { pods, nodeCount } = await open(kubernetes).listTerminating();
    expect(pods.map(({ name }) => name)).toEqual([
      'made-000000',
      'made-000499',
      'made-000500',
      'made-001199',
    ]);
    expect(nodeCount).toBe(7);
    expect(kubernetes.calls.get('listPods')).toBe(3);
  });

  test('of an empty cluster is empty', async () => {
    const list = await open(await startCluster()).listTerminating();
    expect(list).toMatchObject({ pods: [], nodeCount: 0 });
  });

  test('starts over after 410 Gone, and has each pod once', async () => {
    const kubernetes = await startCluster({ generated: crowd(1_200, [3, 700]) });
    kubernetes.faults.when('listPods', (nth) => {
      if (nth === 3) kubernetes.expireContinues();
      return undefined;
    });
    const { pods } = await open(kubernetes).listTerminating();
    expect(pods.map(({ name }) => name)).toEqual(['made-000003', 'made-000700']);
    // Two pages, the refused third, and three again.
    expect(kubernetes.calls.get('listPods')).toBe(6);
  });

  test('that expires again and again ends after three', async () => {
    const kubernetes = await startCluster({ generated: crowd(1_200) });
    kubernetes.faults.when('listPods', (nth) => (nth % 2 === 0 ? expired : undefined));
    await expect(open(kubernetes).listTerminating()).rejects.toMatchObject({
      name: 'KubernetesError',
      fault: 'unexpected',
      status: 410,
      message: 'list pods: the list expired (410 Gone) 3 times over',
    });
    expect(kubernetes.calls.get('listPods')).toBe(6);
  });

  test('names a static pod’s mirror by the kubelet’s UID of it', async () => {
    const hash = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';
    const annotations = {
      'kubernetes.io/config.mirror': hash,
      'kubernetes.io/config.hash': hash,
      'kubernetes.io/config.source': 'file',
    };
    const kubernetes = await startCluster({
      pods: [stuck('kube-proxy-ip-10-0-1-5', { annotations }), stuck('cart-0')],
    });
    const { pods } = await open(kubernetes).listTerminating();
    expect(pods.map(cgroupUid).sort()).toEqual([hash, 'uid-of-cart-0']);
    expect(pods.find(({ name }) => name !== 'cart-0')?.uid).toBe('uid-of-kube-proxy-ip-10-0-1-5');
  });
});

describe('no listing at all, rather than half a one:', () => {
  const row = (metadata: object) => ({
    kind: 'Table',
    metadata: {},
    columnDefinitions: [{ name: 'Name' }, { name: 'Node' }],
    rows: [{ cells: ['cart-0', 'node'], object: { metadata } }],
  });
  const whole = { uid: 'u', namespace: 'shop', name: 'cart-0', deletionTimestamp: OVERDUE };

  test.each<[string, Fault, RegExp]>([
    ['a web page', garbage, /^list pods: an answer that is not JSON$/],
    ['an empty answer', { kind: 'reply', reply: { status: 200 } }, /that is not JSON/],
    [
      'JSON that breaks off',
      { kind: 'reply', reply: { status: 200, body: '{"kind":"Table","rows":[{' } },
      /that is not JSON/,
    ],
    [
      'a list instead of a table',
      json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [{}] }),
      /no known shape \(kind: .*"Table"/,
    ],
    ['rows without metadata', json({ ...row({}), rows: [{ cells: [] }] }), /rows\.0\.object/],
    [
      'a table without nodes',
      json({ ...row(whole), columnDefinitions: [{ name: 'Name' }] }),
      /no column Node; got Name/,
    ],
    ['a pod without a UID', json(row({ ...whole, uid: undefined })), /metadata of no.*uid: /],
    [
      'a deletion at no time',
      json(row({ ...whole, deletionTimestamp: 'soon' })),
      /deletionTimestamp: Invalid ISO datetime/,
    ],
    [
      'an error of the API’s own',
      failing('BadRequest', 400, 'what is this'),
      /HTTP 400: what is this/,
    ],
    [
      'a redirection',
      { kind: 'reply', reply: { status: 302, headers: { location: '/api/v1/pods' } } },
      /HTTP 302/,
    ],
  ])('%s', async (_, fault, words) => {
    const kubernetes = await startCluster({ generated: crowd(700, [3]) });
    kubernetes.faults.when('listPods', (nth) => (nth === 2 ? fault : undefined));
    const list = open(kubernetes).listTerminating();
    await expect(list).rejects.toMatchObject({ name: 'KubernetesError', fault: 'unexpected' });
    await expect(list).rejects.toThrow(words);
    expect(kubernetes.calls.get('listPods')).toBe(2);
  });
});

test('how an answer began is in the error for the log, not in its words', async () => {
  const kubernetes = await startCluster();
  kubernetes.faults.next('listPods', garbage);
  await expect(open(kubernetes).listTerminating()).rejects.toMatchObject({
    message: 'list pods: an answer that is not JSON',
    answer: '<html>not it',
  });
});

describe('which are still there', () => {
  test('those of the same UID that are being deleted', async () => {
    const pods = ['gone', 'replaced', 'kept', 'there'].map((name) => stuck(name));
    const kubernetes = await startCluster({
      pods: [
        stuck('replaced', { uid: 'the-next' }),
        podOf('kept', { metadata: { uid: 'uid-of-kept' } }),
        stuck('there'),
      ],
    });
    const still = await open(kubernetes).stillTerminating(pods.map(listed));
    expect([...still]).toEqual(['uid-of-there']);
    expect(kubernetes.calls).toEqual(new Map([['getPod', 4]]));
  });

  test('of very many, by one listing', async () => {
    const many = Array.from({ length: 21 }, (_, nth) => stuck(`cart-${nth}`));
    const kubernetes = await startCluster({ pods: many.slice(5) });
    const still = await open(kubernetes).stillTerminating(many.map(listed));
    expect(still.size).toBe(16);
    expect(kubernetes.calls).toEqual(new Map([['listPods', 1]]));
  });

  test.each<[string, Fault]>([
    ['a proxy’s 404', { kind: 'reply', reply: { status: 404, body: '<html>no such page' } }],
    ['a 404 without a body', { kind: 'reply', reply: { status: 404 } }],
    ['a 404 of another kind', json({ kind: 'Status', reason: 'Weird', message: 'no' }, 404)],
    ['a web page', garbage],
  ])('is not known from %s: nobody may call that gone', async (_, fault) => {
    const kubernetes = await startCluster({ pods: [stuck('cart-0')] });
    kubernetes.faults.next('getPod', fault);
    const still = open(kubernetes).stillTerminating([listed(stuck('cart-0'))]);
    await expect(still).rejects.toMatchObject({ name: 'KubernetesError', fault: 'unexpected' });
    await expect(still).rejects.toThrow('get pod shop/cart-0');
  });
});
