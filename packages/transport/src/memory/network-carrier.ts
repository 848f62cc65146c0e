import type { Runtime } from '@flotilla/runtime';
import type { CloseReason } from '../transport.js';
import { ArrivalSchedule } from './arrival-schedule.js';
import type { Arrival } from './arrival.js';
import type { NetworkEffect } from './injected-faults.js';
import type { Link } from './link.js';
import type { MemorySocket, SocketCarrier } from './memory-socket.js';

/** A message that waits so long for bandwidth counts as throttled. */
const THROTTLED_MS = 1;

/** Something to be sent over a link. */
export interface Sent {
  /** For bandwidth (default 0). */
  readonly bytes?: number;
  /** Waits so much longer (ms, default 0). */
  readonly stallMs?: number;
  /** It arrived. */
  deliver(): void;
}

/**
 * Carries what sockets and dials send over the links, and does to it what the links say: late, held up, lost, or the end of its connection.
 * What a connection lost breaks it once the other system can notice.
 */
export class NetworkCarrier implements SocketCarrier {
  readonly #runtime: Runtime;
  readonly #inject: (effect: NetworkEffect, from: string, to: string) => void;
  /** The dialling ends of all connections of which an end is open. */
  readonly #connections = new Set<MemorySocket>();
  /** Nodes without power: they neither answer nor refuse. */
  readonly #down = new Set<string>();
  readonly #sequences = new Map<string, number>();
  readonly #arrivals: ArrivalSchedule;

  /** @param inject Told what a fault did to something on its way */
  constructor(runtime: Runtime, inject: (effect: NetworkEffect, from: string, to: string) => void) {
    this.#runtime = runtime;
    this.#inject = inject;
    this.#arrivals = new ArrivalSchedule(runtime, (arrival) => this.#arrived(arrival));
  }

  // Nodes and links

  /** The node has no power any more. */
  powerOff(node: string): void {
    this.#down.add(node);
  }

  /** The node has power. @returns whether it had none */
  powerOn(node: string): boolean {
    return this.#down.delete(node);
  }

  /** Ends a cut. Connections that lost something break now. */
  heal(link: Link): void {
    link.cut = false;
    this.breakLossy(link);
  }

  /** The system at the end of the link sees that something is missing. */
  breakLossy(link: Link): void {
    for (const dialled of this.#connections) {
      for (const socket of [dialled, dialled.peer]) {
        if (socket.link !== link || !socket.lossy) continue;
        socket.lossy = false;
        this.reset(socket);
      }
    }
  }

  /** Lets go of what a clogged link holds up. */
  release(link: Link): void {
    link.clogged = false;
    for (const arrival of link.held.splice(0)) {
      arrival.at = this.#runtime.now();
      this.#arrivals.push(arrival);
    }
    this.#arrivals.schedule();
  }

  /** Sends something over a link, behind all that the socket sent before; without a socket, by itself. */
  transmit(link: Link, socket: MemorySocket | undefined, sent: Sent): void {
    const lost = (): void => {
      this.#inject('lost', link.from, link.to);
      if (socket === undefined) return;
      socket.lossy = true;
      socket.gap = true;
    };
    if (link.cut || this.#down.has(link.from)) return lost();
    const now = this.#runtime.now();
    const sentAt = link.sentTime(now, sent.bytes ?? 0);
    if (sentAt - now >= THROTTLED_MS) this.#inject('throttled', link.from, link.to);
    let at = sentAt + link.drawLatency() + (sent.stallMs ?? 0);
    if (socket !== undefined) {
      at = Math.max(at, socket.lastArrival);
      socket.lastArrival = at;
    }
    const sequence = (this.#sequences.get(link.from) ?? 0) + 1;
    this.#sequences.set(link.from, sequence);
    this.#arrivals.push({ at, link, sequence, deliver: () => sent.deliver(), lost });
    this.#arrivals.schedule();
  }

  #arrived(arrival: Arrival): void {
    const { link } = arrival;
    if (link.cut || this.#down.has(link.to)) {
      arrival.lost();
    } else if (link.clogged) {
      this.#inject('held', link.from, link.to);
      link.held.push(arrival);
    } else {
      arrival.deliver();
    }
  }

  // Connections

  /** A connection was made. @param dialled Its dialling end */
  opened(dialled: MemorySocket): void {
    this.#connections.add(dialled);
  }

  /** Breaks all connections between two nodes. */
  breakBetween(a: string, b: string, inFlight: 'dropped' | 'delivered'): void {
    for (const socket of this.#connections) {
      const { from, to } = socket.link;
      if ((from === a && to === b) || (from === b && to === a)) this.#break(socket, inFlight);
    }
  }

  #break(socket: MemorySocket, inFlight: 'dropped' | 'delivered'): void {
    const { peer, link } = socket;
    this.#inject('broken', link.from, link.to);
    const reason = { by: 'broken', error: new Error('the network broke the connection') } as const;
    socket.deaf = true;
    socket.over = true;
    socket.node.enqueue(() => socket.close(reason));
    if (inFlight === 'delivered') return this.reset(socket);
    peer.deaf = true;
    peer.over = true;
    peer.node.enqueue(() => peer.close(reason));
  }

  message(from: MemorySocket, bytes: Uint8Array): void {
    const { peer, link } = from;
    const loss = link.cut ? 0 : link.drawLoss();
    if (loss === 'break') return this.#break(from, 'dropped');
    if (loss > 0) this.#inject('stalled', link.from, link.to);
    this.transmit(link, from, {
      bytes: bytes.length,
      stallMs: loss,
      deliver: () => {
        if (peer.deaf || from.gap) return;
        from.taken(bytes.length);
        if (peer.over) this.reset(peer);
        else peer.node.deliver(() => peer.receive(bytes));
      },
    });
  }

  end(from: MemorySocket): void {
    const { peer, link } = from;
    this.transmit(link, from, {
      deliver: () => {
        if (peer.deaf || peer.over || from.gap) return;
        this.#tellEnded(peer, { by: 'remote', error: undefined });
        this.transmit(peer.link, peer, {
          deliver: () => this.#tellEnded(from, { by: 'remote', error: undefined }),
        });
      },
    });
  }

  #tellEnded(socket: MemorySocket, reason: CloseReason): void {
    socket.over = true;
    socket.node.deliver(() => socket.close(reason));
  }

  /** Tells the other end that this one is gone, or that something of it is missing; that end answers if this one does not know. */
  reset(from: MemorySocket): void {
    const { peer, link } = from;
    this.transmit(link, from, {
      deliver: () => {
        if (peer.deaf) return;
        this.#tellEnded(peer, { by: 'broken', error: new Error('the other side reset the connection') });
        if (!from.over) this.reset(peer);
      },
    });
  }

  closed(socket: MemorySocket): void {
    if (!socket.peer.closed) return;
    this.#connections.delete(socket);
    this.#connections.delete(socket.peer);
  }
}
