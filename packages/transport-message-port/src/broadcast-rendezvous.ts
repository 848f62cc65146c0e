import { toHex } from '@flotilla/bytes';
import type { Runtime, Timer } from '@flotilla/runtime';
import { abortError, shutdown } from '@flotilla/transport/multiplex';
import { type BroadcastMessage, broadcastMessage } from './broadcast-message.js';
import { addressInUse, unreachable } from './errors.js';
import type { PortLike, PortMessage } from './port.js';
import type { PortListening, PortRendezvous } from './rendezvous.js';

declare const BroadcastChannel: new (name: string) => ChannelLike;

interface ChannelLike {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Of a broadcast rendezvous. */
export interface BroadcastOptions {
  readonly runtime: Runtime;
  /** Name of the BroadcastChannel; contexts with the same name and origin find each other (default `flotilla`). */
  readonly channel?: string;
  /** A claim of a name that nobody denies within so long stands (default 300 ms). */
  readonly claimMs?: number;
  /** A dial that nobody answers within so long is unreachable (default 1,500 ms). */
  readonly answerMs?: number;
}

const CLAIM_MS_DEFAULT = 300;
const ANSWER_MS_DEFAULT = 1_500;
const ID_BYTES = 8;

/**
 * A rendezvous over a BroadcastChannel: tabs, workers and iframes of one origin find each other without anybody in the middle. All bytes pass
 * through the channel, so that every context sees every message and drops those of others: for a few tabs, not for throughput. A tab that is
 * gone says nothing; its connections end when keep-alive finds them silent.
 */
export function broadcastRendezvous(options: BroadcastOptions): PortRendezvous {
  return new BroadcastRendezvous(options);
}

interface Claim {
  readonly timer: Timer;
  settle(won: boolean): void;
}

class BroadcastRendezvous implements PortRendezvous {
  readonly #runtime: Runtime;
  readonly #channel: ChannelLike;
  readonly #id: string;
  readonly #claimMs: number;
  readonly #answerMs: number;
  readonly #listeners = new Map<string, (port: PortLike, from: string) => void>();
  readonly #claims = new Map<string, Claim>();
  readonly #dials = new Map<string, (to: string) => void>();
  readonly #ports = new Map<string, BroadcastPort>();
  #connections = 0;
  #open = true;

  constructor(options: BroadcastOptions) {
    const { runtime, channel = 'flotilla' } = options;
    this.#runtime = runtime;
    this.#claimMs = options.claimMs ?? CLAIM_MS_DEFAULT;
    this.#answerMs = options.answerMs ?? ANSWER_MS_DEFAULT;
    this.#id = toHex(runtime.randomBytes(ID_BYTES));
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = ({ data }) => {
      const message = broadcastMessage(data);
      if (message !== undefined && (!('to' in message) || message.to === this.#id)) this.#take(message);
    };
  }

  async listen(name: string, accept: (port: PortLike, from: string) => void): Promise<PortListening> {
    if (!this.#open) throw shutdown(`listening on port://${name}`);
    if (this.#listeners.has(name) || this.#claims.has(name)) throw addressInUse(name);
    const won = await new Promise<boolean>((resolve) => {
      const settle = (result: boolean): void => {
        timer.cancel();
        this.#claims.delete(name);
        resolve(result);
      };
      const timer = this.#runtime.setTimer(this.#claimMs, () => settle(true));
      this.#claims.set(name, { timer, settle });
      this.#post({ kind: 'claim', from: this.#id, name });
    });
    if (!this.#open) throw shutdown(`listening on port://${name}`);
    if (!won) throw addressInUse(name);
    this.#listeners.set(name, accept);
    return {
      close: () => {
        if (this.#listeners.get(name) === accept) this.#listeners.delete(name);
      },
    };
  }

  async connect(name: string, signal: AbortSignal): Promise<PortLike> {
    if (!this.#open) throw shutdown(`dialling port://${name}`);
    const connection = `${this.#id}/${++this.#connections}`;
    try {
      return await new Promise<PortLike>((resolve, reject) => {
        const timer = this.#runtime.setTimer(this.#answerMs, () => reject(unreachable(name)));
        this.#dials.set(connection, (answering) => {
          timer.cancel();
          // At once: what the other side posts next must find its port.
          resolve(this.#port(connection, answering));
        });
        const onAbort = (): void => {
          timer.cancel();
          reject(abortError(`dialling port://${name}`, signal));
        };
        signal.addEventListener('abort', onAbort, { once: true });
        this.#post({ kind: 'connect', from: this.#id, name, connection });
        // A channel does not hear itself.
        if (this.#listeners.has(name)) this.#runtime.nextTurn(() => this.#connectHere(name, connection));
      });
    } finally {
      this.#dials.delete(connection);
    }
  }

  close(): void {
    if (!this.#open) return;
    for (const { settle } of this.#claims.values()) settle(false);
    for (const port of this.#ports.values()) port.close();
    this.#open = false;
    this.#listeners.clear();
    this.#channel.close();
  }

  #post(message: BroadcastMessage): void {
    if (this.#open) this.#channel.postMessage(message);
  }

  #take(message: BroadcastMessage): void {
    switch (message.kind) {
      case 'claim':
        return this.#denyClaim(message.name, message.from);
      case 'taken':
        return this.#claims.get(message.name)?.settle(false);
      case 'connect': {
        const accept = this.#listeners.get(message.name);
        if (accept === undefined) return;
        this.#post({ kind: 'connected', from: this.#id, to: message.from, connection: message.connection });
        return accept(this.#port(message.connection, message.from), message.from);
      }
      case 'connected':
        return this.#dials.get(message.connection)?.(message.from);
      case 'data':
        return this.#ports.get(portKey(message.connection, message.from))?.deliver(message.data);
      case 'gone':
        return this.#ports.get(portKey(message.connection, message.from))?.ended();
    }
  }

  /** Of two that claim a name at the same time, the one with the lower id has it. */
  #denyClaim(name: string, from: string): void {
    const claim = this.#claims.get(name);
    if (this.#listeners.has(name) || (claim !== undefined && this.#id < from)) {
      this.#post({ kind: 'taken', from: this.#id, to: from, name });
    } else {
      claim?.settle(false);
    }
  }

  /** A dial to a name of this very context: both ends are here, under names that nobody else has. */
  #connectHere(name: string, connection: string): void {
    const accept = this.#listeners.get(name);
    const dial = this.#dials.get(connection);
    if (accept === undefined || dial === undefined) return;
    const there = `${this.#id}:`;
    const accepted = this.#port(connection, this.#id);
    this.#local(connection, there, accepted);
    accept(accepted, this.#id);
    dial(there);
  }

  #local(connection: string, there: string, accepted: BroadcastPort): void {
    const dialled = this.#port(connection, there);
    accepted.route(
      (data) => this.#runtime.nextTurn(() => dialled.deliver(data)),
      () => dialled.ended(),
    );
    dialled.route(
      (data) => this.#runtime.nextTurn(() => accepted.deliver(data)),
      () => accepted.ended(),
    );
  }

  #port(connection: string, peer: string): BroadcastPort {
    const key = portKey(connection, peer);
    const known = this.#ports.get(key);
    if (known !== undefined) return known;
    const port = new BroadcastPort(() => this.#ports.delete(key));
    port.route(
      (data) => this.#post({ kind: 'data', from: this.#id, to: peer, connection, data }),
      () => this.#post({ kind: 'gone', from: this.#id, to: peer, connection }),
    );
    this.#ports.set(key, port);
    return port;
  }
}

function portKey(connection: string, peer: string): string {
  return `${connection} ${peer}`;
}

/** One end of a connection over the channel, with the manners of a MessagePort: it keeps what arrives until it is listened to. */
class BroadcastPort implements PortLike {
  readonly #forget: () => void;
  #send: (data: unknown) => void = () => undefined;
  #end: () => void = () => undefined;
  #kept: unknown[] = [];
  #listener: ((event: PortMessage) => void) | null = null;
  readonly #closeListeners: (() => void)[] = [];
  #open = true;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  route(send: (data: unknown) => void, end: () => void): void {
    this.#send = send;
    this.#end = end;
  }

  get onmessage(): ((event: PortMessage) => void) | null {
    return this.#listener;
  }

  set onmessage(listener: ((event: PortMessage) => void) | null) {
    this.#listener = listener;
    queueMicrotask(() => {
      while (this.#kept.length > 0 && this.#listener !== null) this.#listener({ data: this.#kept.shift() });
    });
  }

  postMessage(message: unknown): void {
    if (this.#open) this.#send(message);
  }

  deliver(data: unknown): void {
    if (!this.#open) return;
    if (this.#listener === null || this.#kept.length > 0) this.#kept.push(data);
    else this.#listener({ data });
  }

  /** The other end is closed. */
  ended(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#forget();
    for (const listener of this.#closeListeners) queueMicrotask(listener);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#forget();
    this.#end();
  }

  addEventListener(_type: 'close', listener: () => void): void {
    this.#closeListeners.push(listener);
  }
}
