import { ByteReader, ByteWriter, MalformedBytes } from '@flotilla/bytes';
import { malformedFrame } from '../multiplex/errors.js';

/** What a proof says. */
export interface CertificateProof {
  /** DER, of an authority that the verifier believes. */
  readonly certificate: Uint8Array;
  /** Host that was dialled, as it stands in the URL: lower case, an IPv6 address without brackets. */
  readonly host: string;
  /** ECDSA over P-256 and SHA-256 of `provenBytes`, r and s of 32 bytes each. */
  readonly signature: Uint8Array;
}

const VERSION = 1;
const LABEL = 'flotilla proof of a certificate\0';
const HOST_BYTES_MAX = 255;
const CERTIFICATE_BYTES_MAX = 3_072;
/** Bytes of a signature. */
export const SIGNATURE_BYTES = 64;

/** What is signed: a label, the nonce, the host. */
export function provenBytes(nonce: Uint8Array, host: string): Uint8Array {
  const text = new TextEncoder();
  const label = text.encode(LABEL);
  const name = text.encode(host);
  const bytes = new Uint8Array(label.length + nonce.length + name.length);
  bytes.set(label);
  bytes.set(nonce, label.length);
  bytes.set(name, label.length + nonce.length);
  return bytes;
}

/** The byte form: `u8` version 1, the certificate as `bytes`, the host as `string`, the signature to the end. */
export function encodeProof({ certificate, host, signature }: CertificateProof): Uint8Array {
  const writer = new ByteWriter(certificate.length + signature.length + 64);
  writer.u8(VERSION);
  writer.bytes(certificate);
  writer.string(host);
  writer.raw(signature);
  return writer.take();
}

/** Reads a proof. @throws {FlotillaError} MalformedFrame */
export function decodeProof(bytes: Uint8Array): CertificateProof {
  try {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== VERSION) reader.fail(`a proof of version ${version}`);
    const certificate = reader.bytes();
    if (certificate.length > CERTIFICATE_BYTES_MAX) reader.fail(`a certificate of ${certificate.length} bytes`);
    const host = reader.string(HOST_BYTES_MAX);
    const signature = reader.raw(reader.remaining);
    if (signature.length !== SIGNATURE_BYTES) reader.fail(`a signature of ${signature.length} bytes`);
    return { certificate, host, signature };
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    throw malformedFrame('a proof', error.message, error);
  }
}
