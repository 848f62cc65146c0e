/** Bounds of the endpoint. What would exceed them is refused with `Overloaded`, and nothing of it is done. */
export interface EndpointLimits {
  /** Requests of one connection without an answer. */
  readonly requestsInFlightMax: number;
  /** Watches of one connection. */
  readonly watchesMax: number;
  /** Bytes of answers that a connection has not taken; a client that does not read is cut off above it. */
  readonly unsentBytesMax: number;
  /** Long range scans under way, of all connections. */
  readonly scansMax: number;
  /** Keys that one step of a scan looks at. Other work has its turn between steps. */
  readonly scanStepKeys: number;
  /** Events that one step of bringing watches up looks at. */
  readonly watchStepEvents: number;
  /** Time between two `watchProgress` of a watch that asked for them, in ms. */
  readonly progressIntervalMs: number;
  /** Time that watches wait for a group without a leader until they end, so that their clients look elsewhere, in ms. */
  readonly leaderlessMs: number;
}

/** Defaults of EndpointLimits. */
export const DEFAULT_ENDPOINT_LIMITS: EndpointLimits = {
  requestsInFlightMax: 4_096,
  watchesMax: 4_096,
  unsentBytesMax: 16 * 1_048_576,
  scansMax: 64,
  scanStepKeys: 2_048,
  watchStepEvents: 4_096,
  progressIntervalMs: 5_000,
  leaderlessMs: 3_000,
};
