import type { Connection, Handshake, Listener, PeerProof, TransportMetrics } from '@flotilla/transport';
import { ConnectionSet, type DialOptions, invalidConfig, shutdown } from '@flotilla/transport/multiplex';
import { certificateProof } from '@flotilla/transport/proof';
import { type WebSocketAddress, webSocketAddress } from './address.js';
import { connect } from './dial.js';
import { WebSocketListener } from './listener.js';
import { type CheckedOptions, checkedOptions, type WebSocketTls, type WebSocketTransportOptions } from './options.js';
import { resolveHost } from './resolve.js';
import { type TlsMaterial, tlsMaterial } from './tls.js';
import type { WebSocketTransport } from './transport.js';

/**
 * A transport over WebSocket, for Node and Deno: `ws:` on loopback, `wss:` with certificates on both sides elsewhere.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function webSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  return new NodeTransport(checkedOptions(options), options);
}

class NodeTransport implements WebSocketTransport {
  readonly schemes: readonly string[] = ['ws:', 'wss:'];
  readonly #options: CheckedOptions;
  readonly #dialled: ConnectionSet;
  readonly #challenging: ReadonlySet<string>;
  readonly #listeners = new Set<WebSocketListener>();
  #tls: { readonly given: WebSocketTls; readonly material: TlsMaterial } | undefined;
  #open = true;

  constructor(options: CheckedOptions, { tls, challenging = [] }: WebSocketTransportOptions) {
    this.#options = options;
    this.#dialled = new ConnectionSet(options.multiplex);
    this.#challenging = new Set(challenging.map((address) => webSocketAddress(address).url));
    if (challenging.length > 0 && options.proofs === undefined) {
      throw invalidConfig('challenging', 'nothing judges the proofs (proofs)');
    }
    if (tls !== undefined) this.#tls = { given: tls, material: tlsMaterial(tls) };
  }

  get metrics(): Readonly<TransportMetrics> {
    return this.#options.metrics;
  }

  async listen(
    text: string,
    options: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener> {
    const address = webSocketAddress(text);
    if (!this.#open) throw shutdown(`listening on ${address.url}`);
    if (address.secure && this.#tls === undefined) {
      throw invalidConfig('tls', `${address.url} needs ca, cert and key`);
    }
    const challenging = this.#challenging.has(address.url);
    const [bind] = await resolveHost(address, this.#options);
    const listener = await WebSocketListener.listen(address, bind, {
      checked: this.#options,
      tls: address.secure ? this.#tls?.material : undefined,
      clientCertificatesRequired: this.#tls?.given.clientCertificates !== 'optional' && !challenging,
      challenging,
      handshake: options.handshake,
      accept: (connection) => options.accept(connection),
      stopped: (stopped) => this.#listeners.delete(stopped),
    });
    if (!this.#open) {
      await listener.close();
      throw shutdown(`listening on ${address.url}`);
    }
    this.#listeners.add(listener);
    return listener;
  }

  async dial(text: string, options: DialOptions): Promise<Connection> {
    const address = webSocketAddress(text);
    return this.#dialled.dial(address.url, { ...options, proof: this.#proofFor(address) }, (signal) =>
      connect(
        address,
        {
          checked: this.#options,
          tls: this.#tls === undefined ? undefined : { ...this.#tls.material, serverName: this.#tls.given.serverName },
        },
        signal,
      ),
    );
  }

  /**
   * What is shown to TLS proves who this is where TLS does not ask; only over TLS, for else anybody may have listened at the address, and where the
   * certificate was held against the host: any bearer of another name that is in the way would pass the proof on to the host.
   */
  #proofFor({ secure }: WebSocketAddress): PeerProof | undefined {
    const given = secure ? this.#tls?.given : undefined;
    if (this.#options.proof !== undefined || given === undefined || given.serverName !== undefined)
      return this.#options.proof;
    return {
      prove: async (nonce, address) =>
        certificateProof({ certificate: given.cert, key: given.key }).prove(nonce, address),
    };
  }

  reloadTls(tls: WebSocketTls): void {
    if (this.#tls === undefined) throw invalidConfig('tls', 'this transport was made without certificates');
    const material = tlsMaterial(tls);
    this.#tls = { given: tls, material };
    for (const listener of this.#listeners) listener.reloadTls(material);
  }

  async close(): Promise<void> {
    this.#open = false;
    await Promise.all([this.#dialled.close(), ...[...this.#listeners].map((listener) => listener.close())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
