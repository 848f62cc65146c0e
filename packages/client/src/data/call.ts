import type { FlotillaError } from '@flotilla/errors';
import { type Command, type Consistency, checkCommand, encodeCommand, invalidArgument } from '@flotilla/kv/protocol';
import type { Runtime } from '@flotilla/runtime';
import type { AnswerReader } from '../request/pending-request.js';
import type { RequestEngine } from '../request/request-engine.js';
import type { CallOptions } from './requests.js';

/** Where a command is to be done. */
export interface Destination {
  /** A vShard, or GROUP_WIDE_VSHARD together with `group`. */
  readonly vshard: number;
  /** 0: the vShard's. */
  readonly group: number;
}

/** Gives commands to the engine, each as one promise. */
export class Caller {
  readonly #engine: RequestEngine;
  readonly #runtime: Runtime;
  readonly #timeoutMs: number;

  constructor(engine: RequestEngine, runtime: Runtime, timeoutMs: number) {
    this.#engine = engine;
    this.#runtime = runtime;
    this.#timeoutMs = timeoutMs;
  }

  /** Does a command that changes something. @throws {FlotillaError} what `checkCommand` refuses */
  write<T>(
    operation: string,
    command: Command,
    to: Destination,
    options: CallOptions | undefined,
    read: AnswerReader,
  ): Promise<T> {
    return this.#submit('write', operation, command, to, 'linearizable', options, read);
  }

  /** Does a read. @throws {FlotillaError} what `checkCommand` refuses */
  read<T>(
    operation: string,
    command: Command,
    to: Destination,
    consistency: Consistency,
    options: CallOptions | undefined,
    read: AnswerReader,
  ): Promise<T> {
    return this.#submit('read', operation, command, to, consistency, options, read);
  }

  #submit<T>(
    kind: 'read' | 'write',
    operation: string,
    command: Command,
    { vshard, group }: Destination,
    consistency: Consistency,
    options: CallOptions | undefined,
    read: AnswerReader,
  ): Promise<T> {
    const bytes = encodeCommand(command);
    checkCommand(command, bytes.length);
    const timeoutMs = checkedTimeout(options?.timeoutMs ?? this.#timeoutMs);
    return new Promise<T>((resolve, reject: (error: FlotillaError) => void) => {
      this.#engine.submit({
        kind,
        operation,
        command: bytes,
        vshard,
        group,
        consistency,
        read,
        deadline: this.#runtime.now() + timeoutMs,
        timeoutMs,
        signal: options?.signal,
        // What `read` makes of the answer is what the caller of this method says it is.
        resolve: resolve as (value: unknown) => void,
        reject,
      });
    });
  }
}

/** A time that a call may take. @throws {FlotillaError} InvalidArgument */
export function checkedTimeout(timeoutMs: number): number {
  if (timeoutMs > 0) return timeoutMs;
  throw invalidArgument('timeoutMs', `${timeoutMs} is no time in ms above 0`);
}
