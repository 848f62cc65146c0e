import { expect, test } from 'vitest';
import { HistoryRecorder, MalformedHistory } from '../index.js';

test('events are recorded one instant after the other, and what never took effect is left out', () => {
  const recorder = new HistoryRecorder<string, number>();
  const first = recorder.invoke('a', 'one');
  const second = recorder.invoke('b', 'two', 'key');
  recorder.ok(second, 2);
  recorder.fail(first);
  const third = recorder.invoke('a', 'three');
  recorder.info(third);
  recorder.invoke('b', 'four');
  expect(recorder.history()).toEqual([
    { process: 'b', key: 'key', input: 'two', output: 2, callAt: 1, returnAt: 2 },
    { process: 'a', input: 'three', callAt: 3, indeterminate: true },
    { process: 'b', input: 'four', callAt: 4, indeterminate: true },
  ]);
  expect(recorder.count).toBe(4);
});

test('a clock of the caller gives the instants', () => {
  let time = 10;
  const recorder = new HistoryRecorder<string, null>({ now: () => time });
  const call = recorder.invoke(1, 'x');
  time = 25;
  recorder.ok(call, null);
  expect(recorder.history()).toEqual([{ process: 1, input: 'x', output: null, callAt: 10, returnAt: 25 }]);
});

test('a process has one call open', () => {
  const recorder = new HistoryRecorder<string, null>();
  const call = recorder.invoke(1, 'x');
  expect(() => recorder.invoke(1, 'y')).toThrow(MalformedHistory);
  recorder.info(call);
  expect(() => recorder.ok(call, null)).toThrow(MalformedHistory);
  recorder.invoke(1, 'y');
  expect(() => recorder.fail(call)).toThrow('ends a call that is not open');
});
