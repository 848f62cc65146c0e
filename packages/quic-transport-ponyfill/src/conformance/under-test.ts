import type { CloseInfo, QuicSession } from '../session.js';
import type { SessionLimits } from '../options.js';

/** What a suite needs of a test runner: those of vitest, of node:test and of Deno's bdd module fit. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
}

/** A session of which the other side runs `conformancePeer`, here or in another process. */
export interface SessionUnderTest extends AsyncDisposable {
  readonly session: QuicSession;
  /** How the session ended on the other side, once it has. */
  peerEnded(): Promise<CloseInfo | { readonly errorCode: string }>;
  /** Ends the other side's process, or cuts the line, so that nothing more comes; where that can be done. */
  kill?(): Promise<void>;
}

/** Of `quicConformance`. */
export interface QuicConformanceOptions {
  /** Makes a session with a peer; both sides have these limits. Called once for each test. */
  create(limits: SessionLimits): Promise<SessionUnderTest>;
  /** What is sent is divided by it: for lines that lose packets. Default 1. */
  readonly lighter?: number;
  /** Streams end, abort and hold back as framed ones do. Default true; false for framing `none`. */
  readonly framed?: boolean;
}
