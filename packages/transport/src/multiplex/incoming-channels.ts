import type { MessageChannel } from './message-socket.js';
import { STREAMS_MAX } from './pieces.js';

/**
 * The channels that the other side opens for its streams. No more are read at once than streams may be open; an honest
 * opener that has more has ended others, whose ends are still on their way, so that these wait unread until then.
 */
export class IncomingChannels {
  readonly #read: (channel: MessageChannel) => void;
  readonly #overflow: () => void;
  readonly #held: MessageChannel[] = [];
  #reading = 0;

  /**
   * @param read Called with each channel once there is room.
   * @param overflow Called when the other side opens twice as many as it may.
   */
  constructor(read: (channel: MessageChannel) => void, overflow: () => void) {
    this.#read = read;
    this.#overflow = overflow;
  }

  /** The other side opened a channel. */
  add(channel: MessageChannel): void {
    if (this.#reading < STREAMS_MAX) this.#start(channel);
    else if (this.#held.length < STREAMS_MAX) this.#held.push(channel);
    else this.#overflow();
  }

  #start(channel: MessageChannel): void {
    this.#reading++;
    this.#read(channel);
  }

  /** A stream of these is over on both sides. */
  over(): void {
    this.#reading--;
    const next = this.#held.shift();
    if (next !== undefined) this.#start(next);
  }
}
