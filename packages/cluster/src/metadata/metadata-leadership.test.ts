import { type ErrorCode, FlotillaError } from '@flotilla/errors';
import { Role } from '@flotilla/raft-core';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { expect, test } from 'vitest';
import type { ProposalSink } from '../group/completion-sink.js';
import { MetadataLeadership } from './metadata-leadership.js';
import { EMPTY_METADATA } from './metadata-state.js';

/** A leader of group 0 whose proposals are refused by `refusal` for one virtual second; how many it made. */
async function proposalsRefusedWith(refusal: FlotillaError<ErrorCode>): Promise<number> {
  const world = new VirtualWorld();
  let proposals = 0;
  const leadership = new MetadataLeadership({
    nodeId: 1,
    runtime: world.createRuntime(),
    submit: (_command: Uint8Array, sink: ProposalSink, slot: number) => {
      proposals++;
      sink.failed(slot, refusal);
    },
    state: () => EMPTY_METADATA,
    founding: undefined,
    acting: () => undefined,
    onEvent: () => undefined,
  });
  leadership.leaderChanged({ group: 0, leader: 1, term: 3, role: Role.Leader });
  await world.advance(1_000);
  return proposals;
}

const refusal = (code: 'Shutdown' | 'ProposalDropped'): FlotillaError<ErrorCode> =>
  code === 'Shutdown'
    ? new FlotillaError('Shutdown', { message: 'the node stops', details: {} })
    : new FlotillaError('ProposalDropped', { message: 'busy', details: { group: 0, reason: 'busy' } });

test('an epoch bump that was refused for now is proposed again until it is taken', async () => {
  expect(await proposalsRefusedWith(refusal('ProposalDropped'))).toBeGreaterThan(10);
});

test('a node that stops before its epoch bump was taken proposes it no more, and sets no further timer', async () => {
  expect(await proposalsRefusedWith(refusal('Shutdown'))).toBe(1);
});
