import { systemRuntime } from '@flotilla/runtime/system';
import type { CloseReason, Connection, RemoteIdentity, Transport, TransportEvent } from '@flotilla/transport';
import { TestHandshake } from '@flotilla/transport/conformance';
import { webSocketTransport, type WebSocketTransport, type WebSocketTransportOptions } from '@flotilla/transport-ws';

/** A transport that is closed with the test, and what it reported. */
export interface Observed extends AsyncDisposable {
  readonly transport: WebSocketTransport;
  readonly events: TransportEvent[];
  readonly warnings: string[];
}

/** Makes a transport on the system's runtime. */
export function observed(options: Partial<WebSocketTransportOptions> = {}): Observed {
  const events: TransportEvent[] = [];
  const warnings: string[] = [];
  const transport = webSocketTransport({
    runtime: systemRuntime,
    observe: (event) => void events.push(event),
    warn: (text) => void warnings.push(text),
    ...options,
  });
  return { transport, events, warnings, [Symbol.asyncDispose]: () => transport.close() };
}

/** What a test keeps of a connection. */
export interface Held {
  readonly connection: Connection;
  readonly remote: RemoteIdentity;
  readonly ended: Promise<CloseReason>;
}

/** Listens; echoes requests. */
export async function listen(
  transport: Transport,
  address: string,
): Promise<{ readonly address: string; readonly accepted: Held[]; close(): Promise<void> }> {
  const accepted: Held[] = [];
  const listener = await transport.listen(address, {
    handshake: new TestHandshake('listener'),
    accept: (connection) => void accepted.push(held(connection)),
  });
  return { address: listener.address, accepted, close: () => listener.close() };
}

/** Dials; echoes requests. */
export async function dial(transport: Transport, address: string): Promise<Held> {
  return held(await transport.dial(address, { handshake: new TestHandshake('dialler') }));
}

function held(connection: Connection): Held {
  const ended = new Promise<CloseReason>((resolve) => {
    connection.attach({
      frames: () => {},
      request: (body) => Promise.resolve(body),
      stream: () => {},
      drained: () => {},
      closed: resolve,
    });
  });
  return { connection, remote: connection.remote, ended };
}

/** The code of the error that a promise rejects with, or `none`. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return typeof code === 'string' ? code : String(error);
  }
}

/** Whether a dial works and a request is answered. */
export async function serves(transport: Transport, address: string): Promise<boolean> {
  const { connection } = await dial(transport, address);
  const reply = await connection.request(Uint8Array.of(1, 2, 3));
  await connection.close();
  return reply.length === 3;
}

/** Resolves once the condition holds; looks again in each turn. The test's own deadline bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => systemRuntime.nextTurn(resolve));
}
