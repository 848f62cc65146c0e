import { FlotillaError } from '@flotilla/errors';
import {
  listen,
  type PeerAddress,
  type QuicListener as SessionListener,
  type QuicSession,
} from '@flotilla/quic-transport-ponyfill';
import {
  type Connection,
  type Handshake,
  isLoopbackAddress,
  type Listener,
  type ProofVerifier,
  type RemoteIdentity,
} from '@flotilla/transport';
import { asError, ConnectionSet } from '@flotilla/transport/multiplex';
import { ALPN, type QuicAddress, WEB_TRANSPORT_PATH, withPort } from './address.js';
import { CloseCode } from './close-codes.js';
import type { CheckedOptions } from './options.js';
import { sessionError } from './session-errors.js';
import { sessionLimits } from './session-limits.js';
import { SessionSocket } from './session-socket.js';
import { certificateIdentity, type TlsMaterial } from './tls.js';
import { UnprovenSessions } from './unproven-sessions.js';

/** How long a port that was let go, and is not to be had again, is left alone, in ms. */
const REBIND_MS = 200;

/** How a listener treats those who dial it. */
export interface ListenerOptions {
  readonly checked: CheckedOptions;
  readonly tls: TlsMaterial;
  readonly handshake: Handshake;
  accept(connection: Connection): void;
  /** Called once, when it has stopped. */
  stopped(listener: QuicListener): void;
}

/** A UDP port that takes QUIC connections, and makes connections of those who prove themselves. */
export class QuicListener implements Listener {
  readonly #address: QuicAddress;
  readonly #options: ListenerOptions;
  #connections: ConnectionSet;
  readonly #unproven: UnprovenSessions;
  #sessions: SessionListener;
  readonly #boundAddress: string;
  #tls: TlsMaterial;
  /** Its port is let go for a moment, to be bound with other certificates. */
  #rebinding: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(address: QuicAddress, options: ListenerOptions, sessions: SessionListener) {
    this.#address = address;
    this.#options = options;
    this.#tls = options.tls;
    this.#sessions = sessions;
    this.#boundAddress = withPort(address, sessions.address.port);
    this.#connections = new ConnectionSet(options.checked.multiplex);
    this.#unproven = new UnprovenSessions(unprovenMax(options.checked), (session) => {
      this.#refuse(session, CloseCode.BROKEN, 'nothing was proved in time');
    });
    void this.#acceptEach(sessions);
  }

  /** Binds and listens. @throws {FlotillaError} AddressInUse, InvalidConfig */
  static async listen(address: QuicAddress, options: ListenerOptions): Promise<QuicListener> {
    return new QuicListener(address, options, await bind(address, address.port, options.checked, options.tls));
  }

  get address(): string {
    return this.#boundAddress;
  }

  async #acceptEach(sessions: SessionListener): Promise<void> {
    try {
      for await (const session of sessions) {
        // A session that ends at once is the business of its socket alone.
        session.closed.catch(() => {});
        try {
          this.#accept(session);
        } catch (error) {
          this.#refuse(session, CloseCode.BROKEN, asError(error).message);
        }
      }
    } catch (error) {
      const { observe } = this.#options.checked.multiplex;
      observe({ type: 'listener-failed', address: this.#boundAddress, error: asError(error) });
    }
  }

  #accept(session: QuicSession): void {
    const { checked, handshake } = this.#options;
    const { runtime, metrics, limits } = checked.multiplex;
    if (this.#connections.size >= limits.connectionsMax) {
      checked.metrics.connectionsRefused++;
      return this.#refuse(session, CloseCode.FULL, 'full');
    }
    const remote = this.#remote(session);
    this.#unproven.add(session);
    this.#connections.accept(new SessionSocket(session, { side: 'accepted', remote, runtime, metrics }), {
      handshake,
      timeoutMs: limits.handshakeTimeoutMs,
      proofs: this.#proofs,
      accept: (connection) => {
        this.#unproven.remove(session);
        this.#options.accept(connection);
      },
    });
  }

  /** Browsers have no certificate to show: who comes is challenged to prove that it has one. */
  get #proofs(): ProofVerifier | undefined {
    const isPages = this.#address.mode === 'webtransport' && this.#tls.clientCertificatesRequired;
    return isPages ? this.#options.checked.proofs : undefined;
  }

  #remote({ peerCertificate, remoteAddress }: QuicSession): RemoteIdentity {
    return {
      address: addressOf(this.#address.parsed.scheme, remoteAddress),
      tls: peerCertificate === undefined ? undefined : certificateIdentity(peerCertificate),
      loopback: isLoopbackAddress(remoteAddress?.hostname ?? ''),
    };
  }

  #refuse(session: QuicSession, closeCode: number, reason: string): void {
    const { scheme } = this.#address.parsed;
    reportRefusal(this.#options.checked, addressOf(scheme, session.remoteAddress), reason);
    session.close({ closeCode, reason });
  }

  /**
   * Takes new certificates. The stacks cannot exchange those of a bound port: it is bound anew, and the connections are closed in good
   * order, so that their other sides dial again.
   */
  reloadTls(tls: TlsMaterial): void {
    if (sameMaterial(this.#tls, tls)) return;
    this.#tls = tls;
    this.#rebinding = this.#rebinding.then(() => this.#rebind(tls));
  }

  async #rebind(tls: TlsMaterial): Promise<void> {
    if (this.#closing !== undefined || tls !== this.#tls) return;
    const { checked } = this.#options;
    const port = this.#sessions.address.port;
    await this.#leavePort();
    this.#connections = new ConnectionSet(checked.multiplex);
    let reported = '';
    while (this.#closing === undefined) {
      try {
        this.#sessions = await bind(this.#address, port, checked, tls);
        void this.#acceptEach(this.#sessions);
        return;
      } catch (thrown) {
        const error = asError(thrown);
        // It is tried for as long as it takes; what is the same is said once.
        if (error.message !== reported) {
          checked.multiplex.observe({ type: 'listener-failed', address: this.#boundAddress, error });
        }
        reported = error.message;
        await new Promise<void>((resolve) => checked.multiplex.runtime.setTimer(REBIND_MS, resolve));
      }
    }
  }
  /** A stack that fails to end what it had must not keep the port from being bound anew: that is tried until it succeeds. */
  async #leavePort(): Promise<void> {
    try {
      await this.#connections.close();
      await this.#sessions.close({ closeCode: CloseCode.NORMAL, reason: '' });
    } catch (thrown) {
      const error = asError(thrown);
      this.#options.checked.multiplex.observe({ type: 'listener-failed', address: this.#boundAddress, error });
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#rebinding;
    await this.#connections.close();
    await this.#sessions.close({ closeCode: CloseCode.NORMAL, reason: '' });
    this.#options.stopped(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function sameMaterial(a: TlsMaterial, b: TlsMaterial): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key;
}

/** Somebody did not come so far as to be given to a handshake. */
function reportRefusal({ multiplex, metrics }: CheckedOptions, address: string, reason: string): void {
  metrics.handshakesFailed++;
  multiplex.observe({
    type: 'handshake-failed',
    side: 'accepted',
    address,
    error: new FlotillaError('Unauthorized', { message: `${address}: ${reason}`, details: { reason } }),
  });
}

/** How many sessions may be unproven at once. */
function unprovenMax({ multiplex }: CheckedOptions): number {
  return Math.max(64, Math.ceil(multiplex.limits.connectionsMax / 4));
}

async function bind(
  address: QuicAddress,
  port: number,
  checked: CheckedOptions,
  tls: TlsMaterial,
): Promise<SessionListener> {
  const clientAuth = address.mode === 'quic' && tls.clientCertificatesRequired ? 'require' : 'none';
  const { scheme, host } = address.parsed;
  try {
    return await listen({
      ...sessionLimits(checked),
      mode: address.mode,
      hostname: host,
      port,
      ...(address.mode === 'quic'
        ? { alpn: ALPN }
        : { allowedOrigins: checked.allowedOrigins, paths: [WEB_TRANSPORT_PATH] }),
      tls: { ca: tls.ca, cert: tls.cert, key: tls.key, clientAuth },
      ...(checked.backend === undefined ? {} : { backend: checked.backend }),
      onRefused: ({ remoteAddress, error }) =>
        reportRefusal(checked, addressOf(scheme, remoteAddress), asError(error).message),
      maxSessions: checked.multiplex.limits.connectionsMax + unprovenMax(checked),
    });
  } catch (error) {
    throw sessionError(address.url, error);
  }
}

function addressOf(scheme: string, { hostname, port }: PeerAddress = { hostname: 'unknown', port: 0 }): string {
  const ip = hostname.replace(/^::ffff:(?=\d+\.)/i, '');
  return `${scheme}//${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}
