import { describe, expect, test } from 'vitest';
import { decideStart, type StartFacts } from './start-decision.js';

const facts: StartFacts = { formatted: false, seeds: [], own: [], forceBootstrap: false, voter: true };
const three = ['ws://127.0.0.1:7003', 'ws://127.0.0.1:7001', 'ws://127.0.0.1:7002'];

describe('start decision', () => {
  test('a stored cluster id restarts, whatever flags and seeds say', () => {
    const given = { ...facts, formatted: true, seeds: three, own: ['ws://127.0.0.1:7001'], forceBootstrap: true };
    expect(decideStart(given)).toEqual({ kind: 'restart' });
  });

  test('the smallest seed founds the cluster, in any order of the list', () => {
    expect(decideStart({ ...facts, seeds: three, own: ['ws://127.0.0.1:7001'] })).toEqual({ kind: 'bootstrap' });
    expect(decideStart({ ...facts, seeds: three.toReversed(), own: ['ws://127.0.0.1:7001'] })).toEqual({
      kind: 'bootstrap',
    });
  });

  test('ports decide between equal hosts by number, not by text', () => {
    const seeds = ['ws://127.0.0.1:10000', 'ws://127.0.0.1:9000'];
    expect(decideStart({ ...facts, seeds, own: ['ws://127.0.0.1:9000'] })).toEqual({ kind: 'bootstrap' });
  });

  test('the others join, smallest seed first, without themselves', () => {
    expect(decideStart({ ...facts, seeds: three, own: ['ws://127.0.0.1:7002'] })).toEqual({
      kind: 'join',
      seeds: ['ws://127.0.0.1:7001', 'ws://127.0.0.1:7003'],
    });
  });

  test('a forced bootstrap founds where the own address is among the seeds', () => {
    const given = { ...facts, seeds: three, forceBootstrap: true };
    expect(decideStart({ ...given, own: ['ws://127.0.0.1:7003'] })).toEqual({ kind: 'bootstrap' });
    expect(decideStart({ ...given, own: ['ws://127.0.0.1:7009'] }).kind).toBe('join');
  });

  test('no seeds, or only itself where it may not found: nobody to ask', () => {
    expect(decideStart(facts)).toEqual({ kind: 'no-seeds' });
    const alone = ['ws://127.0.0.1:7001'];
    expect(decideStart({ ...facts, seeds: alone, own: alone, voter: false })).toEqual({ kind: 'no-seeds' });
  });
});
