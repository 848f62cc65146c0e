import { type ClientOptions, FlotillaClient } from '@flotilla/client';
import { systemRuntime } from '@flotilla/runtime/system';
import { quicTransport } from '@flotilla/transport-quic';
import { webSocketTransport, type WebSocketTls } from '@flotilla/transport-ws';

/** A client of the servers at `endpoints`, with a transport of its own. */
export interface TestClient extends AsyncDisposable {
  readonly client: FlotillaClient;
}

/** Connects as an application does, but with patience: the machine may be busy with other tests. `tls` is for `wss:` and `quic:` addresses. */
export async function connect(
  endpoints: readonly string[],
  { tls, ...options }: Partial<ClientOptions> & { readonly tls?: WebSocketTls } = {},
): Promise<TestClient> {
  const own = { runtime: systemRuntime, ...(tls === undefined ? {} : { tls }) };
  const transports = [webSocketTransport(own), ...(tls === undefined ? [] : [quicTransport(own)])];
  const close = async (): Promise<void> => {
    await Promise.all(transports.map(async (transport) => await transport.close()));
  };
  try {
    const client = await FlotillaClient.connect({
      endpoints,
      transports,
      runtime: systemRuntime,
      requestTimeoutMs: 60_000,
      ...options,
    });
    return {
      client,
      [Symbol.asyncDispose]: async () => {
        await client.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Does `work` for 0, 1, … `count` - 1, at most `atOnce` of them at the same time. */
export async function pipelined(count: number, atOnce: number, work: (place: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}
