import type { BackendChoice } from '@flotilla/quic-transport-ponyfill';
import type { Runtime } from '@flotilla/runtime';
import type { PeerProof, ProofVerifier, TransportEvent, TransportLimits, TransportMetrics } from '@flotilla/transport';
import {
  canonicalOrigin,
  invalidConfig,
  type KeepAlive,
  multiplexOptions,
  type MultiplexOptions,
} from '@flotilla/transport/multiplex';

/** What this side is, and whom it believes, by TLS. All in PEM: the contents of files, not their names. */
export interface QuicTls {
  /** Certificates of the authorities that sign the other sides' certificates. No others are believed. */
  readonly ca: string | readonly string[];
  /** This side's certificate, and the chain up to the authority if there is one. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
  /** The DNS name that the certificates of dialled sides must carry (default `node.flotilla`, which every node's has). */
  readonly serverName?: string;
  /**
   * Whether those who dial `quic:` must show a certificate (default `required`). `optional` asks for none, of diallers here and where this
   * side dials: for clients that prove themselves otherwise. At `wt:` none can be asked for, for browsers have none to show.
   */
  readonly clientCertificates?: 'required' | 'optional';
}

/** SHA-256 of the DER of leaf certificates that a dialled `wt:` listener may show instead of one that an authority signed. */
export type CertificateHashes = readonly Uint8Array[];

/** Of a QUIC transport. */
export interface QuicTransportOptions {
  readonly runtime: Runtime;
  readonly limits?: Partial<TransportLimits>;
  /** How half-open connections are found out (default: asked after 1 s of silence, given up after three more times that). */
  readonly keepAlive?: KeepAlive | 'off';
  /** Needed to listen, and to dial `quic:`. */
  readonly tls?: QuicTls;
  /** Origins of the pages that may connect to `wt:` listeners (default none: whatever sends an Origin is refused). */
  readonly allowedOrigins?: readonly string[];
  /**
   * What a page believes when it dials `wt:`, where no authority that its browser knows signed the certificates. Asked anew at
   * each dial, so that a page learns of certificates that were renewed. Such certificates are valid for at most 14 days (W3C WebTransport).
   */
  readonly serverCertificateHashes?: CertificateHashes | ((address: string) => Promise<CertificateHashes>);
  /**
   * Judges proofs: whoever dials a `wt:` listener is challenged to prove that it has a certificate, unless `clientCertificates` is `optional`.
   * Without it nobody is asked for anything there.
   */
  readonly proofs?: ProofVerifier;
  /**
   * Answers challenges of `wt:` listeners that are dialled (default: on Node and Deno with the certificate in `tls`, in pages with nothing).
   * `certificateProof` of `@flotilla/transport/proof` makes one for pages.
   */
  readonly proof?: PeerProof;
  /** Which QUIC to use (default `auto`: the runtime's own where it can do what is asked, else the native library). */
  readonly backend?: BackendChoice;
  /** For logs: refused and broken connections. */
  readonly observe?: (event: TransportEvent) => void;
}

const KEEP_ALIVE_DEFAULT: KeepAlive = { intervalMs: 1_000, missedMax: 3 };
/** QUIC's own idle time is a last resort, in ms: it must not come before keep-alive has judged. */
const IDLE_TIMEOUT_MIN_MS = 10_000;

/** The options, checked, with defaults for what was left out. */
export interface CheckedOptions {
  readonly multiplex: MultiplexOptions;
  readonly metrics: TransportMetrics;
  readonly allowedOrigins: readonly string[];
  readonly proof: PeerProof | undefined;
  readonly proofs: ProofVerifier | undefined;
  readonly certificateHashes: (address: string) => Promise<CertificateHashes | undefined>;
  readonly backend: BackendChoice | undefined;
  readonly idleTimeoutMs: number;
}

/** @throws {FlotillaError} InvalidConfig */
export function checkedOptions(options: QuicTransportOptions): CheckedOptions {
  const { serverCertificateHashes: hashes } = options;
  const multiplex = multiplexOptions(options, KEEP_ALIVE_DEFAULT);
  const { keepAlive } = multiplex;
  const silenceMs = keepAlive === undefined ? 0 : keepAlive.intervalMs * (keepAlive.missedMax + 1);
  return {
    multiplex,
    metrics: multiplex.metrics,
    allowedOrigins: (options.allowedOrigins ?? []).map(canonicalOrigin),
    proof: options.proof,
    proofs: options.proofs,
    certificateHashes: async (address) => checkedHashes(typeof hashes === 'function' ? await hashes(address) : hashes),
    backend: options.backend,
    idleTimeoutMs: Math.max(IDLE_TIMEOUT_MIN_MS, 2 * silenceMs),
  };
}

function checkedHashes(hashes: CertificateHashes | undefined): CertificateHashes | undefined {
  if (hashes?.some((hash) => hash.length !== 32) === true) {
    throw invalidConfig('serverCertificateHashes', 'a SHA-256 hash has 32 bytes');
  }
  return hashes;
}
