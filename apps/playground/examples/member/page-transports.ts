import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { Transport } from '@flotilla/transport';
import { certificateProof } from '@flotilla/transport/proof';
import { quicTransport } from '@flotilla/transport-quic';
import { webSocketTransport } from '@flotilla/transport-ws';
import type { Identity } from './identity.js';

/** How servers are dialled from a page. */
export interface Dialling {
  /** Undefined: only servers on this machine, by `ws:`. */
  readonly identity: Identity | undefined;
  /** SHA-256 of the servers' certificates, 64 hexadecimal digits each, for `wt:` where no authority that the browser knows signed them. */
  readonly hashes: readonly string[];
}

/** WebSocket, and WebTransport where the browser has it. */
export function pageTransports({ identity, hashes }: Dialling): Transport[] {
  const proof = identity === undefined ? {} : { proof: certificateProof(identity) };
  const webSocket = webSocketTransport({ runtime, ...proof });
  if (!('WebTransport' in globalThis)) return [webSocket];
  const serverCertificateHashes = hashes.map((hash) =>
    Uint8Array.from(hash.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)),
  );
  const believed = hashes.length === 0 ? {} : { serverCertificateHashes };
  return [webSocket, quicTransport({ runtime, ...proof, ...believed })];
}
