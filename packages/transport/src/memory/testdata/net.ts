import { isFlotillaError } from '@flotilla/errors';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import { TestHandshake } from '../../conformance.js';
import type { CloseReason, Connection, ConnectionEvents, Listener, Transport } from '../../transport.js';
import type { MemoryNetworkOptions } from '../memory-network-options.js';
import { MemoryNetwork } from '../memory-network.js';

export const encoder = new TextEncoder();

export const decoder = new TextDecoder();

/** One side of a connection: what it was told, and when. */
export class Side implements ConnectionEvents {
  readonly connection: Connection;
  readonly received: string[] = [];
  readonly log: string[] = [];
  readonly #now: () => number;
  end: CloseReason | undefined;

  constructor(connection: Connection, now: () => number) {
    this.connection = connection;
    this.#now = now;
    connection.attach(this);
  }

  frames(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      this.received.push(decoder.decode(frame));
      this.log.push(`${this.#now()} ${decoder.decode(frame)}`);
    }
  }

  request(body: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(body);
  }

  stream(): void {}

  drained(): void {
    this.log.push(`${this.#now()} drained`);
  }

  closed(reason: CloseReason): void {
    this.end = reason;
    this.log.push(`${this.#now()} closed by ${reason.by}`);
  }

  send(text: string): boolean {
    return this.connection.sendFrame(encoder.encode(text));
  }
}

/** A virtual world with a network; every node listens on its own name. */
export class Net {
  readonly world: VirtualWorld;
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly accepted = new Map<string, Side[]>();

  constructor(options: Partial<MemoryNetworkOptions> = {}) {
    this.world = new VirtualWorld({ seed: 'net' });
    this.runtime = this.world.createRuntime();
    this.network = new MemoryNetwork({ runtime: this.runtime, latency: 10, seed: 'net', ...options });
  }

  async node(name: string, runtime?: VirtualRuntime): Promise<Transport> {
    const transport = this.network.transport(name, runtime === undefined ? {} : { runtime });
    const sides: Side[] = [];
    this.accepted.set(name, sides);
    await this.listen(transport, `mem://${name}`, sides);
    return transport;
  }

  listen(transport: Transport, address: string, sides: Side[]): Promise<Listener> {
    return transport.listen(address, {
      handshake: new TestHandshake('listener'),
      accept: (connection) => sides.push(new Side(connection, () => this.world.now())),
    });
  }

  async dial(transport: Transport, to: string): Promise<Side> {
    return this.world.settle(
      transport
        .dial(`mem://${to}`, { handshake: new TestHandshake('dialler') })
        .then((connection) => new Side(connection, () => this.world.now())),
    );
  }

  /** A dials b: both sides. */
  async pair(): Promise<{ readonly a: Side; readonly b: Side; readonly dialler: Transport }> {
    const dialler = await this.node('a');
    await this.node('b');
    const a = await this.dial(dialler, 'b');
    await this.world.advance(100);
    const [b] = this.accepted.get('b') ?? [];
    if (b === undefined) throw new Error('nothing was accepted');
    return { a, b, dialler };
  }

  async dialFails(transport: Transport, to: string): Promise<string> {
    const outcome = transport.dial(`mem://${to}`, { handshake: new TestHandshake('dialler') }).then(
      () => 'connected',
      (error: unknown) => (isFlotillaError(error) ? error.code : String(error)),
    );
    return this.world.settle(outcome);
  }
}
