import { expect, test } from 'vitest';
import { problemOf } from './server-log.js';

test.each([
  '{"time":"t","level":"info","event":"leader.changed","group":1}',
  '{"time":"t","level":"warn","event":"snapshot.failed","group":1,"peer":2,"error":"Aborted"}',
  '{"time":"t","level":"warn","event":"catalog.save_failed","error":"StorageFull: no space left"}',
  '{"time":"t","level":"info","eve',
  'flotilla serve: StorageFull: no space left for ./log-0',
  'flotilla serve: UnknownIncarnation: node 3 was taken out of the cluster; its id is not used again',
])('faults explain %s', (line) => {
  expect(problemOf(line)).toBeUndefined();
});

test.each([
  '{"time":"t","level":"warn","event":"group.stopped","group":1,"error":"Internal: invariant"}',
  '{"time":"t","level":"error","event":"anything"}',
  '{"time":"t","level":"warn","event":"catalog.save_failed","error":"StorageFailed: EIO"}',
  '    at Object.<anonymous> (file:///x.js:1:1)',
  'TypeError: undefined is not a function',
  'flotilla serve: UnknownIncarnation: node 3 is known with another disk',
  'flotilla serve: StorageCorrupt: a batch is damaged',
])('nothing explains %s', (line) => {
  expect(problemOf(line)).toBe(line);
});
