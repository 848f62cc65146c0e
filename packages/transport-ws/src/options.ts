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
export interface WebSocketTls {
  /** Certificates of the authorities that sign the other sides' certificates. No others are believed. */
  readonly ca: string | readonly string[];
  /** This side's certificate, and the chain up to the authority if there is one. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
  /** The name that the certificates of dialled sides must carry (default: the host of the address). */
  readonly serverName?: string;
  /**
   * Whether those who dial must show a certificate (default `required`). `optional` is for listeners of clients that
   * prove themselves otherwise; a certificate that is shown must be good all the same.
   */
  readonly clientCertificates?: 'required' | 'optional';
}

/** An address of the network, as a name resolved to it. */
export interface ResolvedAddress {
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** The name by which plain connections beyond this machine are allowed. */
export type PlainOffLoopback = 'i-know-this-is-insecure';

/** Of a WebSocket transport. */
export interface WebSocketTransportOptions {
  readonly runtime: Runtime;
  readonly limits?: Partial<TransportLimits>;
  /** How half-open connections are found out (default: asked after 5 s of silence, given up after three more times that). */
  readonly keepAlive?: KeepAlive | 'off';
  /** Needed for `wss:`. */
  readonly tls?: WebSocketTls;
  /** Allows `ws:` to leave this machine, readable and forgeable by all on its way. */
  readonly plainOffLoopback?: PlainOffLoopback;
  /** Origins of the pages that may connect to listeners (default none: whatever sends an Origin is refused). */
  readonly allowedOrigins?: readonly string[];
  /**
   * Listeners, by their addresses, that ask TLS for no certificate: browsers give a connection up that is asked for one. Whoever dials them is
   * challenged to prove that it has one (`proofs`). They may be plain on loopback, behind a proxy that ends TLS.
   */
  readonly challenging?: readonly string[];
  /** Judges the proofs of those who dial challenging listeners. */
  readonly proofs?: ProofVerifier;
  /**
   * Answers challenges of listeners that are dialled (default: on Node and Deno with the certificate in `tls`, but not where `serverName` is asked for
   * in place of the host; in pages with nothing).
   * `certificateProof` of `@flotilla/transport/proof` makes one for pages.
   */
  readonly proof?: PeerProof;
  /** Resolves a host name to all of its addresses (default: as the system does). What it answers is judged, and nothing else is connected to. Not asked in pages. */
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>;
  /** For logs: refused and broken connections, insecure ones. */
  readonly observe?: (event: TransportEvent) => void;
  /** Told, once for each address, of plain connections beyond this machine (default: the console's warning). */
  readonly warn?: (text: string) => void;
}

/** The subprotocol that both sides must name; its number is the version of how messages are put into WebSockets. */
export const SUBPROTOCOL = 'flotilla.1';

const KEEP_ALIVE_DEFAULT: KeepAlive = { intervalMs: 5_000, missedMax: 3 };
const INSECURE = 'i-know-this-is-insecure';

/** The options, checked, with defaults for what was left out. */
export interface CheckedOptions {
  readonly multiplex: MultiplexOptions;
  readonly metrics: TransportMetrics;
  readonly plainAllowed: boolean;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly proof: PeerProof | undefined;
  readonly proofs: ProofVerifier | undefined;
  readonly resolve: ((host: string) => Promise<readonly ResolvedAddress[]>) | undefined;
  readonly warn: (text: string) => void;
}

/** @throws {FlotillaError} InvalidConfig */
export function checkedOptions(options: WebSocketTransportOptions): CheckedOptions {
  const { plainOffLoopback } = options;
  if (plainOffLoopback !== undefined && plainOffLoopback !== INSECURE) {
    throw invalidConfig('plainOffLoopback', "the only value is 'i-know-this-is-insecure'");
  }
  const multiplex = multiplexOptions(options, KEEP_ALIVE_DEFAULT);
  return {
    multiplex,
    metrics: multiplex.metrics,
    plainAllowed: plainOffLoopback === INSECURE,
    allowedOrigins: new Set((options.allowedOrigins ?? []).map(canonicalOrigin)),
    proof: options.proof,
    proofs: options.proofs,
    resolve: options.resolve,
    warn: options.warn ?? warnOnce(),
  };
}

function warnOnce(): (text: string) => void {
  const warned = new Set<string>();
  return (text) => {
    if (warned.has(text)) return;
    warned.add(text);
    console.warn(text);
  };
}
