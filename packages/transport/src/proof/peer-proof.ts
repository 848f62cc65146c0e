import type { TlsIdentity } from '../transport.js';

/** Bytes of a challenge's nonce. */
export const NONCE_BYTES = 32;

/**
 * Proves who the dialling side is where TLS cannot: a page has no client certificate to show. Given to transports that dial.
 */
export interface PeerProof {
  /**
   * Answers a challenge, in at most 4 KiB. Rejects with InvalidConfig where it has nothing that can be used.
   *
   * @param nonce 32 bytes of the accepting side, of this connection alone
   * @param address canonical URL that was dialled: the proof holds for its host and no other, so that a host that is dialled by mistake cannot
   * pass it on
   */
  prove(nonce: Uint8Array, address: string): Promise<Uint8Array>;
}

/** Judges proofs. Given to transports that listen. */
export interface ProofVerifier {
  /**
   * Who the other side is, as if TLS had said so.
   *
   * @throws Unauthorized, MalformedFrame; anything else is as bad
   */
  verify(proof: Uint8Array, nonce: Uint8Array): TlsIdentity;
}
