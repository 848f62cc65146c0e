/** What a transport reports beside its errors: for logs, never for decisions. */
export type TransportEvent =
  /** A connection was refused, or given up, before both hellos were verified. */
  | {
      readonly type: 'handshake-failed';
      readonly side: 'dialled' | 'accepted';
      readonly address: string;
      readonly error: Error;
    }
  /** An open connection broke. */
  | { readonly type: 'connection-broken'; readonly address: string; readonly error: Error }
  /** A callback of the user threw, or a request's handler rejected. */
  | { readonly type: 'callback-failed'; readonly address: string; readonly error: Error }
  /** A listener could not accept a socket, or its system socket failed. */
  | { readonly type: 'listener-failed'; readonly address: string; readonly error: Error }
  /** Plain bytes leave, or may leave, this machine, because the configuration allows it by name. */
  | { readonly type: 'insecure-plain'; readonly address: string };

/** Counters of a transport, plain numbers that only grow, but for the gauge. */
export interface TransportMetrics {
  /** Gauge. */
  connectionsOpen: number;
  connectionsDialled: number;
  connectionsAccepted: number;
  /** Open connections that ended other than in good order. */
  connectionsBroken: number;
  /** Among them, and among failed handshakes, those whose other side sent what is not of the format. */
  malformed: number;
  /** Connections that ended before both hellos were verified. */
  handshakesFailed: number;
  /** Connections turned away because the listener was full. */
  connectionsRefused: number;
  messagesSent: number;
  messagesReceived: number;
  bytesSent: number;
  bytesReceived: number;
  framesSent: number;
  framesReceived: number;
  /** Frames that `sendFrame` refused. */
  framesRefused: number;
  requestsSent: number;
  requestsReceived: number;
  /** Requests of the other side that were answered with Overloaded. */
  requestsRefused: number;
  streamsOpened: number;
  streamsReceived: number;
}

/** All zero. */
export function transportMetrics(): TransportMetrics {
  return {
    connectionsOpen: 0,
    connectionsDialled: 0,
    connectionsAccepted: 0,
    connectionsBroken: 0,
    malformed: 0,
    handshakesFailed: 0,
    connectionsRefused: 0,
    messagesSent: 0,
    messagesReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    framesSent: 0,
    framesReceived: 0,
    framesRefused: 0,
    requestsSent: 0,
    requestsReceived: 0,
    requestsRefused: 0,
    streamsOpened: 0,
    streamsReceived: 0,
  };
}
