import { type ClientOptions, FlotillaClient } from '@flotilla/client';
import { systemRuntime } from '@flotilla/runtime/system';
import { webSocketTransport, type WebSocketTls } from '@flotilla/transport-ws';

/** A client of the servers at `endpoints`, with a transport of its own. */
export interface TestClient extends AsyncDisposable {
  readonly client: FlotillaClient;
}

/** Connects as an application does, but with patience: the machine may be busy with other tests. `tls` is for `wss:` addresses. */
export async function connect(
  endpoints: readonly string[],
  { tls, ...options }: Partial<ClientOptions> & { readonly tls?: WebSocketTls } = {},
): Promise<TestClient> {
  const transport = webSocketTransport({ runtime: systemRuntime, ...(tls === undefined ? {} : { tls }) });
  const close = async (): Promise<void> => await transport.close();
  try {
    const client = await FlotillaClient.connect({
      endpoints,
      transports: [transport],
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
