import { FlotillaError } from '@flotilla/errors';
import { isLoopbackAddress, type Connection, type Listener, type TransportMetrics } from '@flotilla/transport';
import {
  abortError,
  asError,
  ConnectionSet,
  type DialOptions,
  invalidConfig,
  type MessageSocket,
} from '@flotilla/transport/multiplex';
import { type WebSocketAddress, webSocketAddress } from './address.js';
import {
  type CheckedOptions,
  checkedOptions,
  SUBPROTOCOL,
  type WebSocketTls,
  type WebSocketTransportOptions,
} from './options.js';
import { requirePlainAllowed } from './plain-policy.js';
import type { WebSocketTransport } from './transport.js';
import { type WebSocketLike, WebSocketMessageSocket } from './web-socket-message-socket.js';

export type { PlainOffLoopback, ResolvedAddress, WebSocketTls, WebSocketTransportOptions } from './options.js';
export type { WebSocketTransport } from './transport.js';

declare const WebSocket: new (url: string, protocols: readonly string[]) => WebSocketLike;

/**
 * A transport that dials `ws:` and `wss:` by the WebSocket of the web, for pages, workers and isolates: it cannot listen,
 * and its certificates, if any, are the browser's affair.
 *
 * Whether plain `ws:` stays on this machine is judged by the host as it is written, `localhost` or a loopback address,
 * for a page cannot resolve names.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function webSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  if (options.tls !== undefined) {
    throw invalidConfig('tls', 'the WebSocket of the web takes no certificates; the browser holds them');
  }
  return new BrowserTransport(checkedOptions(options));
}

class BrowserTransport implements WebSocketTransport {
  readonly schemes: readonly string[] = ['ws:', 'wss:'];
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
    const address = webSocketAddress(text);
    const { host } = address.parsed;
    const loopback = host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host);
    if (!address.secure && !loopback) requirePlainAllowed(this.#options, address.url, `host ${host}`);
    // Who listens at a plain address of this machine, nobody has looked at: it is told nothing that could be passed on.
    const proof = address.secure ? this.#options.proof : undefined;
    return this.#connections.dial(address.url, { ...options, proof }, (signal) =>
      this.#connect(address, loopback, signal),
    );
  }

  #connect(address: WebSocketAddress, loopback: boolean, signal: AbortSignal): Promise<MessageSocket> {
    return new Promise((resolve, reject) => {
      const socket = opened(address.url);
      const onAbort = (): void => {
        reject(abortError(`dialling ${address.url}`, signal));
        socket.close();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      socket.binaryType = 'arraybuffer';
      socket.onerror = (): void => {};
      socket.onclose = (event): void => {
        signal.removeEventListener('abort', onAbort);
        reject(unreachable(address.url, event.code));
      };
      socket.onopen = (): void => {
        signal.removeEventListener('abort', onAbort);
        const unseen = address.secure ? { tlsUnseen: true as const } : {};
        const remote = { address: address.url, tls: undefined, ...unseen, loopback };
        const { runtime, metrics } = this.#options.multiplex;
        resolve(new WebSocketMessageSocket(socket, remote, runtime, metrics));
      };
    });
  }

  reloadTls(tls: WebSocketTls): void {
    throw invalidConfig('tls', `a page has no certificates of its own (${typeof tls.cert})`);
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** @throws {FlotillaError} InvalidConfig where this page may not even try */
function opened(url: string): WebSocketLike {
  try {
    return new WebSocket(url, [SUBPROTOCOL]);
  } catch (error) {
    // A page that came over HTTPS, or under a policy of its own, may not open just any socket (SecurityError).
    throw invalidConfig('address', `the browser does not let this page dial ${url}: ${asError(error).message}`, error);
  }
}

/** The web tells a page no more than this, on purpose: what it could be stands in the message. */
function unreachable(address: string, code: number): FlotillaError<'Unreachable'> {
  const { origin } = globalThis as { readonly origin?: string };
  const refused = origin === undefined ? '' : `, or its allowedOrigins do not name ${origin}`;
  return new FlotillaError('Unreachable', {
    message:
      `no WebSocket connection with ${address} (close code ${code}; the browser does not say why): nobody listens there, ` +
      `its certificate is not trusted here${refused}`,
    details: { address },
  });
}
