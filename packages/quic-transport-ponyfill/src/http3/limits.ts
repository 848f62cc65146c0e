/** Bounds of one HTTP/3 connection, against peers that ask for too much. */
export interface Http3Limits {
  /** A request's fields: name, value and 32 for each (RFC 9114, section 4.2.2), and encoded bytes. */
  readonly fieldSectionBytes: number;
  /** Payload of a SETTINGS frame. */
  readonly settingsBytes: number;
  /** Sessions at once. */
  readonly sessions: number;
  /** Streams that came before their session. */
  readonly bufferedStreams: number;
  /** Datagrams that came before their session. */
  readonly bufferedDatagrams: number;
  /** Streams whose first bytes have not come. */
  readonly unsortedStreams: number;
  /** Datagrams of a session that wait for their reader; the oldest are dropped. */
  readonly incomingDatagrams: number;
  /** How long a connection may be without a session, and a request without its fields, ms. */
  readonly requestTimeoutMs: number;
  /** How long a connection stays when its last session has ended, ms. */
  readonly lingerMs: number;
}

/** The default bounds. */
export const HTTP3_LIMITS: Http3Limits = {
  fieldSectionBytes: 16_384,
  settingsBytes: 4_096,
  sessions: 16,
  bufferedStreams: 64,
  bufferedDatagrams: 64,
  unsortedStreams: 256,
  incomingDatagrams: 256,
  requestTimeoutMs: 10_000,
  lingerMs: 2_000,
};
