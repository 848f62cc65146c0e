import type { FlotillaError } from '@flotilla/errors';
import type { ClientFrameWriter, CommandAnswer, Consistency } from '@flotilla/kv/protocol';
import type { Timer } from '@flotilla/runtime';
import type { LinkRequest, NodeLink } from '../connection/node-link.js';
import type { ClientSession } from '../session/client-session.js';

/** What a request does: changes a group through its log, registers a session there, or reads. */
export type RequestKind = 'write' | 'register' | 'read';

/** Makes of an answer what the caller is to get. */
export type AnswerReader = (answer: CommandAnswer, group: number) => unknown;

/** Who is told what becomes of a request on a link. */
export interface RequestOwner {
  write(request: PendingRequest, writer: ClientFrameWriter, id: number): void;
  answered(request: PendingRequest, body: Uint8Array): void;
  lost(request: PendingRequest, error: FlotillaError, sent: boolean): void;
}

/** What a request is made of. */
export interface RequestSpec {
  readonly kind: RequestKind;
  /** For messages: `put`, `get`, … */
  readonly operation: string;
  /** Encoded; empty for a registration. */
  readonly command: Uint8Array;
  /** The vShard whose group is asked, or GROUP_WIDE_VSHARD together with `group`. */
  readonly vshard: number;
  /** The group of a group-wide request; 0: that of the vShard. */
  readonly group: number;
  readonly consistency: Consistency;
  readonly read: AnswerReader;
  /** By the runtime's clock, in ms. */
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  resolve(value: unknown): void;
  reject(error: FlotillaError): void;
}

/** One request from the call to its outcome, over all attempts. */
export class PendingRequest implements LinkRequest {
  readonly spec: RequestSpec;
  readonly #owner: RequestOwner;
  linkId: number = 0;
  /** Where the present attempt is; undefined between attempts. */
  link: NodeLink | undefined = undefined;
  /** The group that the present or last attempt is for. */
  group = 0;
  /** The node that the present or last attempt went to; 0: not known which one it was. */
  asked = 0;
  /** Attempts begun. */
  attempts = 0;
  /** Attempts in a row that ended without a hint of whom to ask next. */
  failures = 0;
  /** When the present attempt is given up, by the runtime's clock. */
  attemptDeadline: number = Infinity;
  /** An earlier attempt may have been, or may yet be, applied. */
  uncertain = false;
  session: ClientSession | undefined = undefined;
  sequence = 0;
  lastError: FlotillaError | undefined = undefined;
  /** Until the next attempt. */
  retryTimer: Timer | undefined = undefined;
  /** No longer waits for the abort of its caller's signal. */
  forgetSignal: (() => void) | undefined = undefined;
  settled = false;

  constructor(owner: RequestOwner, spec: RequestSpec) {
    this.#owner = owner;
    this.spec = spec;
  }

  /** Its present attempt was handed to a connection. */
  get isSent(): boolean {
    return this.link !== undefined && this.linkId !== 0;
  }

  write(writer: ClientFrameWriter, id: number): void {
    this.#owner.write(this, writer, id);
  }

  answered(body: Uint8Array): void {
    this.#owner.answered(this, body);
  }

  lost(error: FlotillaError, sent: boolean): void {
    this.#owner.lost(this, error, sent);
  }
}
