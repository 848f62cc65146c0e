// What both faces of the package have in common: of programs (`index.ts`) and of pages (`browser.ts`).
export { isQuicError, QuicError, type QuicErrorCode, type QuicErrorOptions } from './errors.js';
export type { QuicListener } from './listener.js';
export type {
  BackendChoice,
  ConnectOptions,
  ConnectTlsOptions,
  ListenOptions,
  ListenTlsOptions,
  Refusal,
  SessionLimits,
  TlsOptions,
} from './options.js';
export type {
  BidirectionalStream,
  CloseInfo,
  CreateStreamOptions,
  Datagrams,
  PeerAddress,
  PeerCertificate,
  QuicSession,
  SessionRequest,
} from './session.js';
