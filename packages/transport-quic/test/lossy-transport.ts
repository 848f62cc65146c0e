import { FlotillaError } from '@flotilla/errors';
import type { Connection, Handshake, Listener, Transport } from '@flotilla/transport';
import type { Conditions } from '@flotilla/udp-proxy';
import type { ProxyProcess } from './proxy-process.js';

/** A transport whose listeners stand behind a proxy that loses and reorders packets: their address is the proxy's. */
export class LossyListening implements Transport {
  readonly schemes: readonly string[];
  readonly #inner: Transport;
  readonly #proxies: ProxyProcess;
  readonly #conditions: Conditions;
  #listeners = 0;

  constructor(inner: Transport, proxies: ProxyProcess, conditions: Conditions) {
    this.#inner = inner;
    this.#proxies = proxies;
    this.#conditions = conditions;
    this.schemes = inner.schemes;
  }

  async listen(
    address: string,
    options: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener> {
    const match = /^quic:\/\/127\.0\.0\.1:(\d+)$/.exec(address);
    if (match === null) return this.#inner.listen(address, options);
    const inner = await this.#inner.listen('quic://127.0.0.1:0', options);
    const target = { hostname: '127.0.0.1', port: Number(new URL(inner.address).port) };
    const seed = ++this.#listeners;
    let port: number;
    try {
      port = await this.#proxies.proxy({ target, port: Number(match[1]), seed, conditions: this.#conditions });
    } catch (cause) {
      await inner.close();
      throw new FlotillaError('AddressInUse', { message: `${address} is taken`, details: { address }, cause });
    }
    const close = async (): Promise<void> => {
      await inner.close();
      await this.#proxies.stop(port);
    };
    return { address: `quic://127.0.0.1:${port}`, close, [Symbol.asyncDispose]: close };
  }

  dial(address: string, options: Parameters<Transport['dial']>[1]): Promise<Connection> {
    return this.#inner.dial(address, options);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
