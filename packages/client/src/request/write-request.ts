import type { ClientFrameWriter } from '@flotilla/kv/protocol';
import { encodeSessionEnvelope } from '@flotilla/wire';
import type { PendingRequest } from './pending-request.js';

/**
 * Appends the message of a request, as it is sent now: what its session has acknowledged meanwhile goes with it.
 *
 * @param ttlMs Of a session that is registered
 */
export function writeRequest(request: PendingRequest, writer: ClientFrameWriter, id: number, ttlMs: number): void {
  const { spec, group } = request;
  if (spec.kind === 'read') writer.read(id, group, spec.consistency, spec.command);
  else writer.propose(id, group, envelopeOf(request, ttlMs));
}

function envelopeOf({ spec, session, sequence }: PendingRequest, ttlMs: number): Uint8Array {
  const { command } = spec;
  if (session === undefined) return encodeSessionEnvelope({ kind: 'bare', command });
  const { clientId, vshard, acknowledged } = session;
  return encodeSessionEnvelope(
    spec.kind === 'register'
      ? { kind: 'register', clientId, vshard, ttlMs }
      : { kind: 'command', clientId, sequence, acknowledged, vshard, command },
  );
}
