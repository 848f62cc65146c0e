import type { MessageSocket, MessageSocketEvents } from '../multiplex/message-socket.js';
import { LANE_ROOM_BYTES, UNSENT_BYTES_MAX } from '../multiplex/pieces.js';
import type { CloseReason, RemoteIdentity } from '../transport.js';
import type { Link } from './link.js';
import type { MemoryNode } from './memory-node.js';

/** Above this many unsent bytes a sender may wait to be told that they are fewer. */
const WAITED_FOR_BYTES = UNSENT_BYTES_MAX - LANE_ROOM_BYTES;

/** What carries the messages of a socket. */
export interface SocketCarrier {
  message(from: MemorySocket, bytes: Uint8Array): void;
  end(from: MemorySocket): void;
  reset(from: MemorySocket): void;
  /** The socket reported its end, or is about to. */
  closed(socket: MemorySocket): void;
}

/** One end of a connection of the memory network. */
export class MemorySocket implements MessageSocket {
  readonly remote: RemoteIdentity;
  /** The node on whose side it is. */
  readonly node: MemoryNode;
  /** The way to the other end. */
  readonly link: Link;
  /** When the last of what it sent arrives: nothing overtakes it. */
  lastArrival = 0;
  /** Something that it sent was lost, and the other side does not know yet. */
  lossy = false;
  /** Something that it sent was lost: nothing that came after can be delivered. */
  gap = false;
  /** What is still on its way to this end is not delivered. */
  deaf = false;
  /** The network has nothing more to tell it: it ended, or its node was told and has not taken note yet. */
  over = false;
  unsentBytes = 0;
  readonly #carrier: SocketCarrier;
  #peer: MemorySocket | undefined;
  #events: MessageSocketEvents | undefined;
  #state: 'open' | 'ended' | 'closed' = 'open';
  /** An end that came before anybody listened. */
  #unreported: CloseReason | undefined;

  constructor(node: MemoryNode, link: Link, remote: RemoteIdentity, carrier: SocketCarrier) {
    this.node = node;
    this.link = link;
    this.remote = remote;
    this.#carrier = carrier;
  }

  /** The other end. */
  get peer(): MemorySocket {
    if (this.#peer === undefined) throw new Error('a memory socket without its other end');
    return this.#peer;
  }

  /** Makes two sockets the ends of one connection. */
  static join(a: MemorySocket, b: MemorySocket): void {
    a.#peer = b;
    b.#peer = a;
  }

  /** Whether it has reported its end. */
  get closed(): boolean {
    return this.#state === 'closed';
  }

  attach(events: MessageSocketEvents): void {
    this.#events = events;
    const unreported = this.#unreported;
    this.#unreported = undefined;
    if (unreported !== undefined) this.node.enqueue(() => events.closed(unreported));
  }

  send(message: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.unsentBytes += message.length;
    this.#carrier.message(this, message);
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ended';
    this.#carrier.end(this);
  }

  destroy(error: Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.over = true;
    this.node.enqueue(() => this.#report({ by: 'broken', error }));
    this.#carrier.reset(this);
    this.#carrier.closed(this);
  }

  #report(reason: CloseReason): void {
    if (this.#events === undefined) this.#unreported = reason;
    else this.#events.closed(reason);
  }

  /** A message from the other end arrived. */
  receive(message: Uint8Array): void {
    if (this.#state === 'open') this.#events?.message(message);
  }

  /** A message of this end arrived at the other. */
  taken(bytes: number): void {
    const waited = this.unsentBytes > WAITED_FOR_BYTES;
    this.unsentBytes -= bytes;
    if (waited && this.#state === 'open') this.node.enqueue(() => this.#events?.sent());
  }

  /** It is over: reports that, once. */
  close(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    const by = this.#state === 'ended' && reason.by === 'remote' ? 'local' : reason.by;
    this.#state = 'closed';
    this.over = true;
    this.#carrier.closed(this);
    this.#report({ by, error: reason.error });
  }
}
