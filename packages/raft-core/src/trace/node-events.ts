import type { Message } from '../message/message.js';
import type { Traced, TraceKind } from './trace-kind.js';

/** `newRaft …`. INFO. */
export interface NodeStarted extends Traced<typeof TraceKind.NodeStarted> {
  /** Voters of both halves, ascending. */
  readonly peers: readonly number[];
  readonly term: number;
  /** Who got this node's vote in `term`; 0: nobody. */
  readonly vote: number;
  readonly commit: number;
  readonly applied: number;
  /** First index whose entry can be had. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** A message was handed to `Ready`. */
export interface MessageSent extends Traced<typeof TraceKind.MessageSent> {
  readonly message: Message;
}

/** A well-formed message was stepped; before any effect. */
export interface MessageReceived extends Traced<typeof TraceKind.MessageReceived> {
  readonly message: Message;
}

/** The node stopped ticking. */
export interface Quiesced extends Traced<typeof TraceKind.Quiesced> {}

/** The node ticks again. */
export interface Woken extends Traced<typeof TraceKind.Woken> {}

/** What happens to a node as a whole, and the messages that it takes and gives. */
export type NodeEvent = NodeStarted | MessageSent | MessageReceived | Quiesced | Woken;
