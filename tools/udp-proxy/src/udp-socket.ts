import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

/** Of UDP. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** A bound socket. What cannot be sent is lost, as on a real path. */
export interface UdpSocket {
  readonly address: Address;
  send(packet: Uint8Array, to: Address): void;
  close(): Promise<void>;
}

/** Takes a packet; it may keep the bytes. */
export type OnPacket = (packet: Uint8Array, from: Address) => void;

/** Binds a socket of the runtime: on Deno its own, since node:dgram stands still there under load. */
export async function bindUdp(hostname: string, port: number, onPacket: OnPacket): Promise<UdpSocket> {
  const { Deno: deno } = globalThis as { readonly Deno?: DenoNet };
  return deno?.listenDatagram === undefined
    ? bindOnNode(hostname, port, onPacket)
    : bindOnDeno(deno, hostname, port, onPacket);
}

async function bindOnNode(hostname: string, port: number, onPacket: OnPacket): Promise<UdpSocket> {
  const socket = createSocket(isIPv6(hostname) ? 'udp6' : 'udp4');
  socket.on('message', (packet, from) => onPacket(packet, { hostname: from.address, port: from.port }));
  socket.bind(port, hostname);
  await once(socket, 'listening');
  socket.on('error', () => undefined); // as said above
  // A busy machine reads its sockets late; what the system drops is no loss by the seed. The system may grant less.
  socket.setRecvBufferSize(4 * 1024 * 1024);
  socket.setSendBufferSize(4 * 1024 * 1024);
  const bound = socket.address();
  return {
    address: { hostname: bound.address, port: bound.port },
    send: (packet, to) => socket.send(packet, to.port, to.hostname, () => undefined), // as said above
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

interface DenoAddress extends Address {
  readonly transport: 'udp';
}

interface DenoDatagrams extends AsyncIterable<readonly [Uint8Array, DenoAddress]> {
  readonly addr: DenoAddress;
  send(packet: Uint8Array, to: DenoAddress): Promise<number>;
  close(): void;
}

/** What of Deno is used; unstable, behind `--unstable-net`. */
interface DenoNet {
  listenDatagram?(options: DenoAddress): DenoDatagrams;
}

function bindOnDeno(deno: DenoNet, hostname: string, port: number, onPacket: OnPacket): UdpSocket {
  const socket = deno.listenDatagram?.({ hostname, port, transport: 'udp' });
  if (socket === undefined) throw new Error('Deno has UDP only with --unstable-net');
  const receiving = (async (): Promise<void> => {
    for await (const [packet, from] of socket) onPacket(packet, { hostname: from.hostname, port: from.port });
  })().catch(() => undefined); // it was closed
  return {
    address: { hostname: socket.addr.hostname, port: socket.addr.port },
    send: (packet, to) => {
      socket.send(packet, { ...to, transport: 'udp' }).catch(() => undefined); // as said above
    },
    close: async () => {
      socket.close();
      await receiving;
    },
  };
}
