import type { RawPeer } from '@flotilla/transport/conformance';
import type { PortRendezvous } from '../src/index.js';

/** A peer that posts what it likes over a port. */
export async function rawPeer(rendezvous: PortRendezvous, address: string): Promise<RawPeer> {
  const port = await rendezvous.connect(address.replace('port://', ''), new AbortController().signal);
  let over = (): void => undefined;
  const closed = new Promise<void>((resolve) => (over = resolve));
  port.onmessage = ({ data }: { readonly data: unknown }) => {
    if (typeof data === 'string') over();
  };
  port.addEventListener?.('close', over);
  return {
    send: (message) => port.postMessage(message.slice().buffer),
    closed,
    close: () => port.close(),
  };
}
