import type { ConnectTlsOptions, QuicSession } from '@flotilla/quic-transport-ponyfill';
import type { Connection, Handshake, Listener, PeerProof, TlsIdentity, TransportMetrics } from '@flotilla/transport';
import { ConnectionSet, type DialOptions, invalidConfig, shutdown } from '@flotilla/transport/multiplex';
import { certificateProof } from '@flotilla/transport/proof';
import { type QuicAddress, quicAddress } from './address.js';
import { connectSession, requireTls } from './dial.js';
import { QuicListener } from './listener.js';
import { type CheckedOptions, checkedOptions, type QuicTls, type QuicTransportOptions } from './options.js';
import { type PortProbe, portProbe } from './port-probe.js';
import { certificateIdentity, type TlsMaterial, tlsMaterial } from './tls.js';
import type { QuicTransport } from './transport.js';

/**
 * A transport over QUIC, for Node and Deno: `quic:` between nodes and for clients, with certificates on both sides; `wt:` for
 * browsers, on a port of its own. QUIC is loaded on first use.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function quicTransport(options: QuicTransportOptions): QuicTransport {
  return new NodeTransport(checkedOptions(options), options.tls);
}

class NodeTransport implements QuicTransport {
  readonly schemes: readonly string[] = ['quic:', 'wt:'];
  readonly #options: CheckedOptions;
  readonly #dialled: ConnectionSet;
  readonly #listeners = new Set<QuicListener>();
  /** Deno does not hand on what ICMP says. */
  readonly #probePort: PortProbe | undefined;
  #tls: TlsMaterial | undefined;
  #open = true;

  constructor(options: CheckedOptions, tls: QuicTls | undefined) {
    this.#options = options;
    this.#dialled = new ConnectionSet(options.multiplex);
    this.#probePort = 'Deno' in globalThis ? undefined : portProbe(options.multiplex.runtime);
    if (tls !== undefined) this.#tls = tlsMaterial(tls);
  }

  get metrics(): Readonly<TransportMetrics> {
    return this.#options.metrics;
  }

  get certificateHash(): Uint8Array | undefined {
    return this.#tls?.leafSha256;
  }

  async listen(
    text: string,
    options: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener> {
    const address = quicAddress(text);
    if (!this.#open) throw shutdown(`listening on ${address.url}`);
    const listener = await QuicListener.listen(address, {
      checked: this.#options,
      tls: requireTls(address, this.#tls),
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
    const address = quicAddress(text);
    return this.#dialled.dial(address.url, { ...options, proof: this.#proofFor(address) }, (signal) =>
      connectSession(
        address,
        { checked: this.#options, tls: this.#dialTls(address), identity: identityOf, probePort: this.#probePort },
        signal,
      ),
    );
  }

  /**
   * A `wt:` listener asks TLS for no certificate, and challenges instead. Behind `quic:`, where both sides have shown theirs, any node may be that
   * is in the way: what is proved to it, it would pass on to the host's listener for pages.
   */
  #proofFor({ mode }: QuicAddress): PeerProof | undefined {
    if (mode === 'quic') return undefined;
    const tls = this.#tls;
    if (this.#options.proof !== undefined || tls === undefined) return this.#options.proof;
    return {
      prove: async (nonce, address) => certificateProof({ certificate: tls.cert, key: tls.key }).prove(nonce, address),
    };
  }

  #dialTls(address: QuicAddress): ConnectTlsOptions | undefined {
    const tls = address.mode === 'quic' ? requireTls(address, this.#tls) : this.#tls;
    if (tls === undefined) return undefined;
    const { ca, cert, key, serverName } = tls;
    if (address.mode === 'webtransport') return { ca, serverName };
    return { ca, cert, key, serverName, proof: tls.clientCertificatesRequired ? 'bound' : 'unbound' };
  }

  reloadTls(tls: QuicTls): void {
    if (this.#tls === undefined) throw invalidConfig('tls', 'this transport was made without certificates');
    this.#tls = tlsMaterial(tls);
    for (const listener of this.#listeners) listener.reloadTls(this.#tls);
  }

  async close(): Promise<void> {
    this.#open = false;
    await Promise.all([this.#dialled.close(), ...[...this.#listeners].map((listener) => listener.close())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function identityOf({ peerCertificate }: QuicSession): TlsIdentity | undefined {
  return peerCertificate === undefined ? undefined : certificateIdentity(peerCertificate);
}
