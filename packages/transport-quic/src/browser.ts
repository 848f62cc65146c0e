import type { Connection, Listener, TransportMetrics } from '@flotilla/transport';
import { ConnectionSet, type DialOptions, invalidConfig } from '@flotilla/transport/multiplex';
import { quicAddress } from './address.js';
import { connectSession } from './dial.js';
import { type CheckedOptions, checkedOptions, type QuicTls, type QuicTransportOptions } from './options.js';
import type { QuicTransport } from './transport.js';

export type { CertificateHashes, QuicTls, QuicTransportOptions } from './options.js';
export type { QuicTransport } from './transport.js';

/**
 * A transport that dials `wt:` by the WebTransport of the browser, for pages and workers: it cannot listen, and who is believed are
 * the browser's authorities, or `serverCertificateHashes`.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function quicTransport(options: QuicTransportOptions): QuicTransport {
  if (options.tls !== undefined) {
    throw invalidConfig('tls', 'the WebTransport of the web takes no certificates; the browser holds them');
  }
  return new BrowserTransport(checkedOptions(options));
}

class BrowserTransport implements QuicTransport {
  readonly schemes: readonly string[] = ['wt:'];
  readonly certificateHash: undefined = undefined;
  readonly #options: CheckedOptions;
  readonly #connections: ConnectionSet;

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#connections = new ConnectionSet(options.multiplex);
  }

  get metrics(): Readonly<TransportMetrics> {
    return this.#options.metrics;
  }

  listen(address: string): Promise<Listener> {
    return Promise.reject(invalidConfig('listen', `a page cannot listen on ${address}; it dials`));
  }

  async dial(text: string, options: DialOptions): Promise<Connection> {
    const address = quicAddress(text);
    if (address.mode !== 'webtransport')
      throw invalidConfig('address', `a page dials wt: addresses, not ${address.url}`);
    return this.#connections.dial(address.url, { ...options, proof: this.#options.proof }, (signal) =>
      connectSession(
        address,
        { checked: this.#options, tls: undefined, identity: undefined, probePort: undefined },
        signal,
      ),
    );
  }

  reloadTls(tls: QuicTls): void {
    throw invalidConfig('tls', `a page has no certificates of its own (${typeof tls.cert})`);
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
