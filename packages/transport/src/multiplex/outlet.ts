import { ByteWriter } from '@flotilla/bytes';
import type { TransportMetrics } from '../observe.js';
import { ControlLane } from './control-lane.js';
import type { LaneOutlet } from './lane-host.js';
import type { MessageChannel } from './message-socket.js';
import { LANE_ROOM_BYTES, UNSENT_BYTES_MAX } from './pieces.js';

/** A writer reserves a little more than it writes; with this it never has to grow. */
const WRITER_SLACK_BYTES = 16;

/** What waits to be written, of one lane. */
export interface Lane {
  /** The most that `write` would write now, in bytes. */
  readonly pendingBytes: number;
  /** Writes whole pieces, no more than `room` bytes. */
  write(writer: ByteWriter, room: number): void;
}

/** The sending side of a channel, or of a socket that has but one way. */
export type OutletWay = Pick<MessageChannel, 'send' | 'unsentBytes' | 'messageBytesWanted' | 'end'>;

/** What an outlet needs of the connection that it belongs to. */
export interface OutletOwner {
  readonly metrics: TransportMetrics;
  /** Something was queued in the outlet. */
  woken(outlet: Outlet): void;
  /** The other side sends without reading: the connection is to be broken. */
  overflowed(error: Error): void;
  /** A retired outlet has sent all it had, and ended its channel. */
  emptied(outlet: Outlet): void;
}

/**
 * Makes messages of what its lanes have: they take turns in pieces of at most 64 KiB, with at most 256 KiB left in the
 * channel. A carrier with one way has one outlet for all lanes; one with channels has an outlet for each.
 */
export class Outlet implements LaneOutlet {
  readonly control: ControlLane;
  readonly #owner: OutletOwner;
  readonly #way: OutletWay;
  readonly #lanes: Lane[];
  /** Stands in the connection's list of those that send at the end of the turn. */
  due = false;
  #retired = false;

  constructor(way: OutletWay, owner: OutletOwner) {
    this.#way = way;
    this.#owner = owner;
    this.control = new ControlLane((error) => owner.overflowed(error));
    this.#lanes = [this.control];
  }

  /** Adds a lane, whose turn comes after those that are there. */
  carry(lane: Lane): void {
    this.#lanes.push(lane);
  }

  wake(): void {
    this.#owner.woken(this);
  }

  /** The most that could be written now, in bytes. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const lane of this.#lanes) bytes += lane.pendingBytes;
    return bytes;
  }

  /** Nothing more will be queued: the channel ends when all has been sent. */
  retire(): void {
    this.#retired = true;
    this.wake();
  }

  /** Sends what is pending, as far as the channel has room for it. */
  send(): void {
    while (this.#sendMessage());
    if (!this.#retired || this.pendingBytes > 0) return;
    this.#retired = false;
    this.#way.end();
    this.#owner.emptied(this);
  }

  #sendMessage(): boolean {
    const pending = this.pendingBytes;
    const free = UNSENT_BYTES_MAX - this.#way.unsentBytes;
    if (pending === 0 || (free < LANE_ROOM_BYTES && pending > free)) return false;
    const room = Math.min(free, this.#way.messageBytesWanted ?? free);
    const writer = new ByteWriter(Math.min(pending, room) + WRITER_SLACK_BYTES);
    let before: number;
    do {
      before = writer.length;
      for (const lane of this.#lanes) lane.write(writer, Math.min(room - writer.length, LANE_ROOM_BYTES));
    } while (writer.length > before);
    if (writer.length === 0) return false;
    const { metrics } = this.#owner;
    metrics.messagesSent++;
    metrics.bytesSent += writer.length;
    this.#way.send(writer.take());
    return true;
  }
}
