/** What carries the bytes. The raw ones are what ours stand on, without us: the measure of what we cost. */
export type Carrier = (typeof CARRIERS)[number];

/** All carriers, in the order of the table. */
export const CARRIERS = ['raw-ws', 'ws', 'wss', 'raw-quic', 'quic', 'raw-port', 'port'] as const;

/** Carriers between threads of one process. They lose nothing. */
export type PortCarrier = 'raw-port' | 'port';

/** Carriers between processes. */
export type NetworkCarrier = Exclude<Carrier, PortCarrier>;

/** Whether a carrier joins threads, not processes. */
export function isPortCarrier(carrier: Carrier): carrier is PortCarrier {
  return carrier === 'raw-port' || carrier === 'port';
}

/** Where a program runs. */
export type Host = 'node' | 'deno';

/** One combination that is measured. */
export interface Cell {
  readonly carrier: Carrier;
  readonly client: Host;
  readonly server: Host;
  /** Share of packets that are lost, 0 to 1. */
  readonly loss: number;
}

/** Whether a carrier has certificates on both sides. */
export function hasCertificates(carrier: Carrier): boolean {
  return carrier === 'wss' || isQuicCarrier(carrier);
}

/** Whether a carrier is UDP, whose packets a proxy can lose. */
export function isQuicCarrier(carrier: Carrier): boolean {
  return carrier === 'raw-quic' || carrier === 'quic';
}

/** What the client's program is told. */
export interface ClientPlan {
  readonly carrier: Carrier;
  readonly address: string;
  readonly tls: TlsFiles | undefined;
  /** For each figure. */
  readonly seconds: number;
  /** Bytes a second of the snapshot beside which heartbeats are sent. */
  readonly snapshotRate: number;
}

/** What the server's program is told. */
export interface ServerPlan {
  readonly carrier: NetworkCarrier;
  readonly tls: TlsFiles | undefined;
}

/** Certificates in PEM. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How long something took (ms). */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
}

/** Round trips of frames or requests of one size, so many under way. */
export interface RoundTrips extends Delays {
  readonly perSecond: number;
}

/** What one client measured. Absent is what its carrier does not have. */
export interface Measured {
  /** Frames, by `<bytes>x<in flight>`. */
  readonly frames: Readonly<Record<string, RoundTrips>>;
  /** Requests of 64 bytes, by number in flight. */
  readonly requests: Readonly<Record<string, RoundTrips>> | undefined;
  /** A stream as fast as it goes, MiB a second. */
  readonly streamMiB: number;
  /** Round trips of heartbeats, one every 5 ms, with nothing else. */
  readonly heartbeatAlone: Delays;
  /** The same beside a snapshot. */
  readonly heartbeatBesideSnapshot: Delays;
  /** What the snapshot did meanwhile, MiB a second. */
  readonly snapshotMiB: number;
}
