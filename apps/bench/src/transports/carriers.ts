import { type Transferable, Worker } from 'node:worker_threads';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { Connection, Transport } from '@flotilla/transport';
import { hubRendezvous, messagePortTransport, PortHub, type PortLike } from '@flotilla/transport-message-port';
import { quicTransport } from '@flotilla/transport-quic';
import { webSocketTransport } from '@flotilla/transport-ws';
import { connectionWire, openHandshake, serverEvents } from './connection-wire.js';
import {
  type ClientPlan,
  isPortCarrier,
  type NetworkCarrier,
  type PortCarrier,
  type ServerPlan,
  type TlsFiles,
} from './plan.js';
import { rawPortWire } from './raw-port.js';
import { dialRawQuic, listenRawQuic } from './raw-quic.js';
import { dialRawWebSocket, listenRawWebSocket } from './raw-web-socket.js';
import type { Wire } from './wire.js';

/** What a thread at the other end of a port is told. */
export interface PortServerPlan {
  readonly carrier: PortCarrier;
  readonly port: PortLike;
}

/** Far more than are needed at a loss of 5 %. */
const DIALS_MAX = 5;

/** The name by which the thread listens. */
export const PORT_ADDRESS = 'port://server';

/** Listens, echoes what comes, and never ends by itself. @returns the address */
export async function listen({ carrier, tls }: ServerPlan): Promise<string> {
  if (carrier === 'raw-ws') return await listenRawWebSocket();
  if (carrier === 'raw-quic') return await listenRawQuic(certificatesOf(tls));
  const { transport, scheme } = networkTransport(carrier, tls);
  return await listenOn(transport, `${scheme}://127.0.0.1:0`);
}

/** Listens with one of our transports. @returns the address */
export async function listenOn(transport: Transport, address: string): Promise<string> {
  const listener = await transport.listen(address, {
    handshake: openHandshake,
    accept: (connection) => connection.attach(serverEvents(connection)),
  });
  return listener.address;
}

/** Connects as a plan says. A port's other side is a thread that is begun here and ends with this process. */
export async function dial({ carrier, address, tls }: ClientPlan, portServer: URL): Promise<Wire> {
  if (carrier === 'raw-ws') return await dialRawWebSocket(address);
  if (isPortCarrier(carrier)) return await dialPort(carrier, portServer);
  if (carrier === 'raw-quic') return await dialRawQuic(address, certificatesOf(tls));
  const { transport } = networkTransport(carrier, tls);
  return connectionWire(await dialled(transport, address));
}

/** Where packets are lost, the one that opens a connection may be among them: it is sent again after a second. */
async function dialled(transport: Transport, address: string): Promise<Connection> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transport.dial(address, { handshake: openHandshake });
    } catch (error) {
      if (attempt === DIALS_MAX) throw error;
    }
  }
}

function networkTransport(
  carrier: Exclude<NetworkCarrier, 'raw-ws' | 'raw-quic'>,
  tls: TlsFiles | undefined,
): { readonly transport: Transport; readonly scheme: string } {
  const options = { runtime, ...(tls === undefined ? {} : { tls }) };
  return { transport: carrier === 'quic' ? quicTransport(options) : webSocketTransport(options), scheme: carrier };
}

function certificatesOf(tls: TlsFiles | undefined): TlsFiles {
  if (tls === undefined) throw new TypeError('QUIC wants certificates');
  return tls;
}

async function dialPort(carrier: PortCarrier, portServer: URL): Promise<Wire> {
  const hub = new PortHub({ runtime });
  const [ours, theirs] = newPorts();
  const port = carrier === 'port' ? hub.link().port : theirs;
  const worker = new Worker(portServer);
  const ready = new Promise((resolve) => worker.once('message', resolve));
  const plan: PortServerPlan = { carrier, port };
  worker.postMessage(plan, [port as unknown as Transferable]);
  await ready;
  if (carrier === 'raw-port') return rawPortWire(ours);
  const transport = messagePortTransport({ runtime, rendezvous: hubRendezvous(hub.link().port) });
  return connectionWire(await transport.dial(PORT_ADDRESS, { handshake: openHandshake }));
}

/** Two ends of the web's own message channel, which Node and Deno have as well. */
function newPorts(): readonly [PortLike, PortLike] {
  const { port1, port2 } = new MessageChannel();
  return [port1 as unknown as PortLike, port2 as unknown as PortLike];
}
