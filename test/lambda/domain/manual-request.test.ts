import { describe, expect, test } from 'vitest';
import { parseTrigger, TriggerError } from '../../../lambda/domain/trigger.ts';
import { uidOf } from './pods.ts';

describe('a request by hand', () => {
  test('looks, and tells nobody, unless asked otherwise', () => {
    expect(parseTrigger({})).toEqual({
      kind: 'manual',
      request: { action: 'check', notify: false },
    });
  });

  test('takes every field of the contract', () => {
    const request = {
      action: 'thaw',
      cluster: 'prod',
      pods: ['shop/cart-0', 'kube-system/coredns-5d.x'],
      podUids: [uidOf(1), '0123456789abcdef0123456789abcdef'],
      nodes: ['ip-10-0-1-5.eu-central-1.compute.internal'],
      instanceIds: ['i-0123456789abcdef0', 'i-01234567'],
      notify: true,
    };
    expect(parseTrigger(request)).toEqual({ kind: 'manual', request });
  });

  test('withoutApi goes with instance ids', () => {
    const request = { instanceIds: ['i-0123456789abcdef0'], withoutApi: true };
    expect(parseTrigger(request)).toMatchObject({ request });
  });

  test.each<[object, string]>([
    [{ action: 'freeze' }, 'action'],
    [{ action: 'thaw', pod: 'shop/cart-0' }, 'pod'],
    [{ cluster: '' }, 'cluster'],
    [{ pods: [] }, 'pods: name at least one'],
    [{ pods: ['cart-0'] }, 'pods.0: expected "namespace/name"'],
    [{ pods: ['shop/cart-0/x'] }, 'pods.0'],
    [{ pods: ['../etc'] }, 'pods.0'],
    [{ podUids: ['1234'] }, 'podUids.0: expected a pod UID'],
    [{ podUids: [`${uidOf(1)};reboot`] }, 'podUids.0'],
    [{ podUids: [`${uidOf(1)}\n`] }, 'podUids.0'],
    [{ podUids: [4711] }, 'podUids.0'],
    [{ nodes: [''] }, 'nodes.0'],
    [{ instanceIds: ['mi-0123456789abcdef0'] }, 'instanceIds.0: expected an EC2 instance id'],
    [{ instanceIds: ['i-zzzz'] }, 'instanceIds.0'],
    [{ withoutApi: true }, 'withoutApi needs instanceIds'],
    [{ withoutApi: false, instanceIds: ['i-01234567'] }, 'withoutApi: expected true'],
    [
      { withoutApi: true, instanceIds: ['i-01234567'], pods: ['shop/cart-0'] },
      'withoutApi goes with instanceIds alone',
    ],
    [{ notify: 'yes' }, 'notify'],
  ])('%j is refused', (request, words) => {
    expect(() => parseTrigger(request)).toThrow(TriggerError);
    expect(() => parseTrigger(request)).toThrow(words);
  });
});
