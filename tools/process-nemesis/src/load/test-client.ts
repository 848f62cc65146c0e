import { type ClientOptions, FlotillaClient } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import { webSocketTransport } from '@flotilla/transport-ws';
import { sleep } from '../processes/until.js';

/** A client with a transport of its own. */
export interface TestClient extends AsyncDisposable {
  readonly client: FlotillaClient;
}

/** How a test client connects. */
export interface TestClientOptions {
  readonly endpoints: () => readonly string[];
  /** The only address that it ever dials: it stays with that member whatever becomes of it. Undefined: it goes wherever it is sent. */
  readonly pinnedTo: string | undefined;
  readonly options: Partial<ClientOptions>;
  /** Gives up connecting. */
  readonly signal: AbortSignal;
}

/** Connects, again and again until somebody answers. Undefined where the signal aborted before that. */
export async function connect({
  endpoints,
  pinnedTo,
  options,
  signal,
}: TestClientOptions): Promise<TestClient | undefined> {
  const transport = webSocketTransport({ runtime: systemRuntime });
  const carrier = pinnedTo === undefined ? transport : pinned(transport, pinnedTo);
  while (!signal.aborted) {
    try {
      const client = await FlotillaClient.connect({
        endpoints: pinnedTo === undefined ? endpoints() : [pinnedTo],
        transports: [carrier],
        runtime: systemRuntime,
        connectTimeoutMs: 2_000,
        ...options,
      });
      return {
        client,
        [Symbol.asyncDispose]: async () => {
          await client.close();
          await transport.close();
        },
      };
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      await sleep(100, signal);
    }
  }
  await transport.close();
  return undefined;
}

type WebSocketTransport = ReturnType<typeof webSocketTransport>;

/** The transport, with one address in the whole world. */
function pinned(transport: WebSocketTransport, only: string): WebSocketTransport {
  return {
    schemes: transport.schemes,
    metrics: transport.metrics,
    listen: async (address, options) => await transport.listen(address, options),
    dial: async (address, options) => {
      if (address !== only) {
        throw new FlotillaError('Unreachable', { message: `this client stays with ${only}`, details: { address } });
      }
      return await transport.dial(address, options);
    },
    reloadTls: (tls) => transport.reloadTls(tls),
    close: async () => await transport.close(),
    [Symbol.asyncDispose]: async () => await transport.close(),
  };
}
