import type { Runtime } from '@flotilla/runtime';
import type { Transport, TransportLimits } from '../transport.js';

/** What a suite needs of a test runner: those of vitest, of node:test and of Deno's bdd module fit. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => Promise<void>): void;
}

/** A peer that speaks the carrier, and nothing above it: for what an honest peer never does. */
export interface RawPeer {
  /** Sends one message of the carrier. */
  send(message: Uint8Array): void;
  /** Resolves once the other side ended the connection. */
  readonly closed: Promise<void>;
  close(): void;
}

/** A transport under test: its dialling and its listening side, which may be the same object. */
export interface TransportUnderTest {
  readonly dialler: Transport;
  readonly listener: Transport;
  /** Its deadlines are by this clock. */
  readonly runtime: Runtime;
  /** To listen on; for carriers with ports, with port 0. */
  readonly address: string;
  /** An address where nobody listens, and that says so. */
  readonly unreachable: string;
  /** An address that takes connections and never says a word, if the carrier can have one. */
  readonly silent?: string;
  /** Connects to an address without a handshake, if the carrier can. */
  connectRaw?(address: string): Promise<RawPeer>;
  /** Settles as `work` does; drives time where it does not pass by itself. */
  settle<T>(work: Promise<T>): Promise<T>;
  /** Called after the test; both transports are closed already. */
  dispose?(): Promise<void>;
}

/** Of the suite. */
export interface TransportConformanceOptions {
  /** Makes a transport under test with these limits; called once for each test. */
  create(limits: Partial<TransportLimits>): Promise<TransportUnderTest>;
  /** What the carrier has, for what not every carrier can. */
  readonly supports: {
    /** Addresses have ports, of which 0 takes a free one. */
    readonly ports: boolean;
  };
}
