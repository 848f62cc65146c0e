import { FlotillaError } from '@flotilla/errors';
import { parseAddress } from '../address/address.js';
import type { PeerProof } from './peer-proof.js';
import { encodeProof, provenBytes } from './proof-format.js';

declare const atob: (text: string) => string;
declare const crypto: {
  readonly subtle: {
    importKey(
      form: 'pkcs8',
      key: Uint8Array,
      algorithm: object,
      extractable: boolean,
      usages: readonly string[],
    ): Promise<object>;
    sign(algorithm: object, key: object, bytes: Uint8Array): Promise<ArrayBuffer>;
  };
};

/** A certificate and its key, as `flotilla cert` makes them. */
export interface CertificateProofOptions {
  /** PEM; of a file with several, the first. */
  readonly certificate: string;
  /** EC key over P-256: PKCS 8 in PEM, or a CryptoKey that may sign, which need not be extractable. */
  readonly key: string | object;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/**
 * Proves by a signature that this side has the key of a certificate, with what the web has for it: in pages, workers and isolates, on Node
 * and Deno.
 *
 * @throws {FlotillaError} InvalidConfig where the certificate, or a key in PEM, cannot be read
 */
export function certificateProof({ certificate, key }: CertificateProofOptions): PeerProof {
  const der = pemBytes(certificate, 'CERTIFICATE');
  const pkcs8 = typeof key === 'string' ? pemBytes(key, 'PRIVATE KEY') : undefined;
  let imported: Promise<object> | undefined;
  const signingKey = (): Promise<object> => {
    if (pkcs8 === undefined) return Promise.resolve(key as object);
    imported ??= crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
    return imported;
  };
  return {
    prove: async (nonce, address) => {
      const { host } = parseAddress(address);
      try {
        const signature = await crypto.subtle.sign(SIGNATURE, await signingKey(), provenBytes(nonce, host));
        return encodeProof({ certificate: der, host, signature: new Uint8Array(signature) });
      } catch (cause) {
        throw invalid('no EC key over P-256 that may sign', cause);
      }
    },
  };
}

function pemBytes(pem: string, label: string): Uint8Array {
  const found = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem)?.[1];
  if (found === undefined) throw invalid(`no ${label} in PEM`);
  try {
    return Uint8Array.from(atob(found.replaceAll(/\s/g, '')), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw invalid(`a ${label} that is no base64`, cause);
  }
}

function invalid(reason: string, cause?: unknown): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', {
    message: `proof: ${reason}`,
    details: { key: 'proof', reason },
    ...(cause === undefined ? {} : { cause }),
  });
}
