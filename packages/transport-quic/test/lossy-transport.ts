import { FlotillaError } from '@flotilla/errors';
import type { Connection, Handshake, Listener, Transport } from '@flotilla/transport';
import { type Conditions, startUdpProxy, type UdpProxy } from '@flotilla/udp-proxy';

/** A transport whose listeners stand behind a proxy that loses and reorders packets: their address is the proxy's. */
export class LossyListening implements Transport {
  readonly schemes: readonly string[];
  readonly proxies: UdpProxy[] = [];
  readonly #inner: Transport;
  readonly #conditions: Conditions;

  constructor(inner: Transport, conditions: Conditions) {
    this.#inner = inner;
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
    const seed = this.proxies.length + 1;
    let proxy: UdpProxy;
    try {
      proxy = await startUdpProxy({ target, port: Number(match[1]), seed, conditions: this.#conditions });
    } catch (cause) {
      await inner.close();
      throw new FlotillaError('AddressInUse', { message: `${address} is taken`, details: { address }, cause });
    }
    this.proxies.push(proxy);
    const close = async (): Promise<void> => {
      await inner.close();
      await proxy.close();
    };
    return { address: `quic://127.0.0.1:${proxy.address.port}`, close, [Symbol.asyncDispose]: close };
  }

  dial(address: string, options: Parameters<Transport['dial']>[1]): Promise<Connection> {
    return this.#inner.dial(address, options);
  }

  async close(): Promise<void> {
    await this.#inner.close();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
