import { describe, expect, test, vi } from 'vitest';
import { StreamLedger } from './stream-ledger.js';

describe('what this side opens', () => {
  test('is numbered from 1 and waits for room, first come first served', async () => {
    const ledger = new StreamLedger();
    ledger.allow(2);
    expect(await Promise.all([ledger.open(undefined), ledger.open(undefined)])).toEqual([1, 2]);
    const waiting = [ledger.open(undefined), ledger.open(undefined), ledger.open(undefined)] as const;
    ledger.allow(4);
    expect(await Promise.all([waiting[0], waiting[1]])).toEqual([3, 4]);
    ledger.allow(3); // never fewer
    ledger.allow(5);
    expect(await waiting[2]).toBe(5);
  });

  test('stops waiting with its signal, and makes way for others', async () => {
    const ledger = new StreamLedger();
    const controller = new AbortController();
    const first = ledger.open(controller.signal);
    const second = ledger.open(undefined);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(first).rejects.toBe(reason);
    ledger.allow(1);
    expect(await second).toBe(1);
  });

  test('leaves nothing behind at its signal, and is not undone by it', async () => {
    const ledger = new StreamLedger();
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, 'addEventListener');
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const waiting = [ledger.open(controller.signal), ledger.open(controller.signal)] as const;
    ledger.allow(1);
    controller.abort(new Error('too late for one'));
    expect(await waiting[0]).toBe(1);
    await expect(waiting[1]).rejects.toThrow('too late for one');
    const ended = ledger.open(undefined);
    ledger.end(new Error('over'));
    await expect(ended).rejects.toThrow('over');
    expect(added).toHaveBeenCalledTimes(2);
    expect(removed).toHaveBeenCalledTimes(1); // the other was heard, once
  });

  test('ends with the session', async () => {
    const ledger = new StreamLedger();
    const waiting = ledger.open(undefined);
    const error = new Error('over');
    ledger.end(error);
    await expect(waiting).rejects.toBe(error);
  });
});

describe('what the peer opens', () => {
  const violation = expect.objectContaining({ code: 'ProtocolViolation' });

  test('is bounded at once, and in all by what was granted', () => {
    const ledger = new StreamLedger();
    ledger.grantFirst(2);
    ledger.arrived(2);
    ledger.arrived(1);
    expect(() => ledger.arrived(3)).toThrow(violation);
    expect(ledger.over(1)).toBe(3);
    ledger.arrived(3);
    expect(() => ledger.arrived(4)).toThrow(violation);
  });

  test('has no number twice at once', () => {
    const ledger = new StreamLedger();
    ledger.grantFirst(10);
    ledger.arrived(1);
    expect(() => ledger.arrived(1)).toThrow(violation);
  });

  test('grants nothing for what was not there', () => {
    const ledger = new StreamLedger();
    ledger.grantFirst(2);
    expect(ledger.over(1)).toBe(2);
  });
});
