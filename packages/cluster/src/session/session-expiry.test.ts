import { utf8Encode } from '@flotilla/bytes';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { encodeSessionEnvelope } from '@flotilla/wire';
import { expect, test } from 'vitest';
import { MultiRaft } from '../multi-raft/multi-raft.js';
import { RaftWorker } from '../raft-worker.js';
import { MemoryLogEngine } from '@flotilla/storage/memory';
import { MemorySnapshots } from '../../test/world/disk.js';
import { RecordingMachine } from '../../test/world/recording-machine.js';
import { SessionExpiry } from './session-expiry.js';
import { SessionStateMachine } from './session-state-machine.js';

test('the leader ends sessions that were idle for their time, and keeps those in use', async () => {
  const world = new VirtualWorld();
  const runtime = world.createRuntime();
  const machine = new SessionStateMachine(new RecordingMachine());
  const groups = new MultiRaft({ nodeId: 1, runtime, stateMachine: () => machine });
  const worker = new RaftWorker({
    groups,
    log: new MemoryLogEngine(),
    snapshots: new MemorySnapshots(),
    peers: {
      attach: () => undefined,
      send: () => false,
      openSnapshotStream: () => Promise.reject(new Error('no peers')),
      breakAll: () => undefined,
    },
    runtime,
  });
  await world.settle(worker.start([{ group: 1, incarnation: 0, founders: [1] }]));
  groups.campaign(1);
  await world.runUntil(() => groups.status(1).role === 'leader');
  using expiry = new SessionExpiry({ groups, runtime });
  expect(expiry).toBeDefined();
  const id = (n: number): Uint8Array => new Uint8Array(16).fill(n);
  const propose = (envelope: Parameters<typeof encodeSessionEnvelope>[0]) =>
    world.settle(groups.proposeToGroup(1, encodeSessionEnvelope(envelope)));
  for (const n of [1, 2, 3])
    await propose({ kind: 'register', clientId: id(n), vshard: 0, ttlMs: n === 3 ? 60_000 : 5_000 });
  for (let sequence = 1; sequence <= 10; sequence++) {
    await propose({ kind: 'command', clientId: id(1), sequence, acknowledged: 0, vshard: 0, command: utf8Encode('x') });
    await world.advance(1_000);
  }
  const open = (): number[] => [...machine.sessions.all()].map(({ clientId }) => clientId[0] as number).sort();
  expect(open()).toEqual([1, 3]);
  await world.advance(3_000);
  expect(open()).toEqual([1, 3]);
  await world.advance(3_000);
  expect(open()).toEqual([3]);
  await world.advance(60_000);
  expect(open()).toEqual([]);
  await worker.stop();
});
