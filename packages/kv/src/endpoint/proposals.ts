import type { ProposalSink } from '@flotilla/cluster';
import { FlotillaError } from '@flotilla/errors';
import { decodeSessionEnvelope } from '@flotilla/wire';
import { checkCommand } from '../protocol/command-check.js';
import { decodeCommand } from '../protocol/command-codec.js';
import { SHARDED_KEYSPACE } from '../protocol/keyspace.js';
import { REQUEST_BYTES_MAX } from '../protocol/limits.js';
import { GROUP_WIDE_VSHARD, vshardOfCommand } from '../protocol/vshard-of-command.js';
import type { EndpointNode } from './endpoint-node.js';
import { checkOwner } from './refusals.js';
import type { Requester } from './requester.js';
import { SlotTable } from './slot-table.js';

interface Waiting {
  readonly requester: Requester;
  readonly id: number;
}

/** Bytes that an envelope may have around its command. */
const ENVELOPE_BYTES_MAX = REQUEST_BYTES_MAX + 64;

/** Proposes what clients sent and carries the results back. A proposal costs one slot and no promise. */
export class Proposals implements ProposalSink {
  readonly #node: EndpointNode;
  readonly #waiting = new SlotTable<Waiting>();

  constructor(node: EndpointNode) {
    this.#node = node;
  }

  /** Proposals without an outcome. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Checks and proposes an envelope; its result, or why it was refused, goes to the requester. */
  propose(requester: Requester, id: number, group: number, envelope: Uint8Array): void {
    try {
      this.#check(group, envelope);
    } catch (error) {
      requester.fail(id, error);
      return;
    }
    this.#node.submit(group, envelope, this, this.#waiting.put({ requester, id }));
  }

  /** What a bad envelope would do is the same on every replica; it is refused here so that it costs no place in the log. */
  #check(group: number, bytes: Uint8Array): void {
    if (bytes.length > ENVELOPE_BYTES_MAX) throw overlong(bytes.length);
    const envelope = decodeSessionEnvelope(bytes);
    if (envelope.kind === 'register' || envelope.kind === 'expire') return;
    const command = decodeCommand(envelope.command);
    checkCommand(command, envelope.command.length);
    const vshard = vshardOfCommand(command);
    checkOwner(this.#node.routing(), group, command.keyspace, vshard);
    if (envelope.kind === 'command' && envelope.vshard !== (vshard ?? GROUP_WIDE_VSHARD)) {
      throw new FlotillaError('InvalidArgument', {
        message: `the session is of vShard ${envelope.vshard}, the command of ${
          command.keyspace === SHARDED_KEYSPACE && vshard !== undefined ? vshard : 'the whole group'
        }; nothing was written`,
        details: { argument: 'vshard', reason: 'not the vShard of the command' },
      });
    }
  }

  applied(slot: number, _group: number, _index: number, _term: number, result: Uint8Array): void {
    const waiting = this.#waiting.take(slot);
    waiting?.requester.answer(waiting.id, result);
  }

  failed(slot: number, error: FlotillaError): void {
    const waiting = this.#waiting.take(slot);
    waiting?.requester.fail(waiting.id, error);
  }
}

function overlong(length: number): FlotillaError {
  return new FlotillaError('LimitExceeded', {
    message: `a request of ${length} bytes, where ${ENVELOPE_BYTES_MAX} are allowed; nothing was written`,
    details: { limit: 'request bytes', maximum: ENVELOPE_BYTES_MAX, actual: length },
  });
}
