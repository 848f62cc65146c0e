import { toHex } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import {
  type Command,
  decodeCommand,
  encodeAnswer,
  encodeErrorAnswer,
  type KeyValue,
  type Operation,
  type OperationAnswer,
  type RangeOperation,
} from '@flotilla/kv/protocol';
import { compare } from '@flotilla/bytes';
import { decodeSessionEnvelope } from '@flotilla/wire';

interface Session {
  acknowledged: number;
  readonly results: Map<number, Uint8Array>;
}

/** One group's state, shared by all fake nodes: as if replication took no time. Keeps what it applied, for the test to look at. */
export class FakeGroup {
  readonly group: number;
  /** 0: nobody leads. */
  leader: number;
  revision = 1;
  readonly pairs = new Map<string, KeyValue>();
  readonly sessions = new Map<string, Session>();
  /** Keys of puts, each time that one was applied. */
  readonly applied: string[] = [];
  registrations = 0;

  constructor(group: number, leader: number) {
    this.group = group;
    this.leader = leader;
  }

  /** Applies an envelope; the bytes of the result, with their leading byte. */
  apply(bytes: Uint8Array): Uint8Array {
    const envelope = decodeSessionEnvelope(bytes);
    switch (envelope.kind) {
      case 'bare':
        return ok(this.#execute(envelope.command));
      case 'register': {
        this.registrations++;
        const id = keyOf(envelope.clientId, envelope.vshard);
        if (!this.sessions.has(id)) this.sessions.set(id, { acknowledged: 0, results: new Map() });
        return ok(new Uint8Array(0));
      }
      case 'expire':
        for (const { clientId, vshard } of envelope.sessions) this.sessions.delete(keyOf(clientId, vshard));
        return ok(new Uint8Array(0));
      case 'command': {
        const { clientId, vshard, sequence, acknowledged, command } = envelope;
        const session = this.sessions.get(keyOf(clientId, vshard));
        if (session === undefined || sequence <= session.acknowledged) throw expired();
        session.acknowledged = Math.max(session.acknowledged, acknowledged);
        for (const old of session.results.keys()) if (old <= session.acknowledged) session.results.delete(old);
        const known = session.results.get(sequence);
        if (known !== undefined) return ok(known);
        const result = this.#execute(command);
        session.results.set(sequence, result);
        return ok(result);
      }
    }
  }

  read(command: Uint8Array): Uint8Array {
    return this.#execute(command);
  }

  #execute(bytes: Uint8Array): Uint8Array {
    const command: Command = decodeCommand(bytes);
    const { operation } = command;
    try {
      const before = this.revision;
      const answer = operation.kind === 'compact' ? operation : this.#operation(operation, before + 1);
      return encodeAnswer({
        revision: this.revision,
        answer: answer.kind === 'compact' ? { kind: 'compact' } : answer,
      });
    } catch (error) {
      return encodeErrorAnswer(error);
    }
  }

  #operation(operation: Operation, revision: number): OperationAnswer {
    switch (operation.kind) {
      case 'put': {
        const id = toHex(operation.key);
        const prev = this.pairs.get(id);
        this.revision = revision;
        this.applied.push(new TextDecoder().decode(operation.key));
        this.pairs.set(id, {
          key: operation.key.slice(),
          value: operation.value.slice(),
          createRevision: prev?.createRevision ?? revision,
          modRevision: revision,
          version: (prev?.version ?? 0) + 1,
          lease: 0,
        });
        return { kind: 'put', prevKv: operation.prevKv ? prev : undefined };
      }
      case 'deleteRange': {
        const gone = this.#within(operation);
        if (gone.length > 0) this.revision = revision;
        for (const kv of gone) this.pairs.delete(toHex(kv.key));
        return { kind: 'deleteRange', deleted: gone.length, prevKvs: operation.prevKv ? gone : [] };
      }
      case 'range':
        return this.#range(operation);
      case 'txn':
        return {
          kind: 'txn',
          succeeded: true,
          answers: operation.success.map((member) => this.#operation(member, revision)),
        };
    }
  }

  #range(operation: RangeOperation): OperationAnswer {
    if (operation.revision > this.revision) {
      throw new FlotillaError('FutureRevision', {
        message: 'not yet',
        details: { revision: operation.revision, currentRevision: this.revision },
      });
    }
    const found = this.#within(operation);
    if (operation.sortOrder === 'descend') found.reverse();
    const kvs = operation.limit === 0 ? found : found.slice(0, operation.limit);
    return {
      kind: 'range',
      kvs: operation.countOnly ? [] : kvs.map((kv) => (operation.keysOnly ? { ...kv, value: new Uint8Array(0) } : kv)),
      count: found.length,
      more: !operation.countOnly && kvs.length < found.length,
    };
  }

  #within({ key, end }: { readonly key: Uint8Array; readonly end: Uint8Array | undefined }): KeyValue[] {
    const open = end?.length === 1 && end[0] === 0;
    return [...this.pairs.values()]
      .filter((kv) => {
        if (end === undefined) return compare(kv.key, key) === 0;
        return compare(kv.key, key) >= 0 && (open || compare(kv.key, end) < 0);
      })
      .sort((a, b) => compare(a.key, b.key));
  }
}

function ok(inner: Uint8Array): Uint8Array {
  return Uint8Array.from([0, ...inner]);
}

function keyOf(clientId: Uint8Array, vshard: number): string {
  return `${toHex(clientId)} ${vshard}`;
}

function expired(): FlotillaError {
  return new FlotillaError('SessionExpired', { message: 'no such session', details: { session: 'x' } });
}
