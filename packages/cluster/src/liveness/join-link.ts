import type { Connection } from '@flotilla/transport';
import { decodeHello, type Hello } from '@flotilla/wire';
import { unexpected } from './link-errors.js';
import type { PeerHellos } from './peer-hellos.js';
import type { PeerTransports } from './peer-transports.js';

/** A connection that is good for join requests only. */
export interface JoinLink {
  readonly address: string;
  readonly hello: Hello;
  request(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  close(): void;
}

/**
 * Dials an address whose node need not be known, to ask it to be let in.
 *
 * @param incarnation Of this node: an address that leads back to it is refused
 * @throws Unreachable, Timeout, Aborted, or what its refusal says
 */
export async function openJoinLink(
  address: string,
  signal: AbortSignal,
  via: { readonly transports: PeerTransports; readonly hellos: PeerHellos; readonly incarnation: string },
): Promise<JoinLink> {
  const handshake = via.hellos.dialling((hello, remote) => {
    if (hello.role !== 'peer') throw unexpected(remote.address, 'is no node of a cluster');
    if (hello.incarnation === via.incarnation) throw unexpected(remote.address, 'leads back to this node itself');
  });
  const connection: Connection = await via.transports.dial(address, signal, handshake);
  connection.attach({
    frames: () => connection.destroy(unexpected(address, 'sends frames to a node that has not joined')),
    request: () => Promise.reject(unexpected(address, 'asks a node that has not joined')),
    stream: (stream) => stream.abort(unexpected(address, 'streams to a node that has not joined')),
    drained: () => undefined,
    closed: () => undefined,
  });
  return {
    address,
    hello: decodeHello(connection.remoteHello),
    request: (body, requestSignal) => connection.request(body, { signal: requestSignal }),
    close: () => void connection.close(),
  };
}
