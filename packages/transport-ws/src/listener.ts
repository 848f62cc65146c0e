import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { FlotillaError } from '@flotilla/errors';
import {
  type Connection,
  type Handshake,
  isLoopbackAddress,
  type Listener,
  type ProofVerifier,
  type RemoteIdentity,
} from '@flotilla/transport';
import {
  asError,
  ConnectionSet,
  HANDSHAKE_BYTES_MAX,
  invalidConfig,
  PROOF_BYTES_MAX,
} from '@flotilla/transport/multiplex';
import { WebSocketServer } from 'ws';
import { type WebSocketAddress, withPort } from './address.js';
import { type CheckedOptions, type ResolvedAddress, SUBPROTOCOL } from './options.js';
import { PendingSockets } from './pending-sockets.js';
import { plainRefused } from './plain-policy.js';
import { showedAuthority, showedCertificate, tlsIdentity, type TlsMaterial } from './tls.js';
import { WsMessageSocket, wsOptions } from './ws-message-socket.js';

/** HTTP headers of a request to upgrade, in bytes. */
const HEADER_BYTES_MAX = 8 * 1024;
/** What may arrive on a WebSocket before both hellos are verified: a hello, a READY, and what frames them, twice over. */
const UNPROVEN_BYTES_MAX = HANDSHAKE_BYTES_MAX + 1024;
/** What more may arrive where proofs are taken: a proof, and what frames it and the question before it. */
const UNPROVEN_PROOF_BYTES_MAX = PROOF_BYTES_MAX + 64;

/** How a listener treats those who dial it. */
export interface ListenerOptions {
  readonly checked: CheckedOptions;
  readonly tls: TlsMaterial | undefined;
  readonly clientCertificatesRequired: boolean;
  /** Nobody is asked for a certificate, everybody for a proof. */
  readonly challenging: boolean;
  readonly handshake: Handshake;
  accept(connection: Connection): void;
  /** Called once, when it has stopped. */
  stopped(listener: WebSocketListener): void;
}

/** An HTTP or HTTPS server that knows nothing but to upgrade to WebSocket. */
export class WebSocketListener implements Listener {
  readonly #address: WebSocketAddress;
  readonly #options: ListenerOptions;
  readonly #server: Server | SecureServer;
  readonly #webSockets: WebSocketServer;
  readonly #connections: ConnectionSet;
  readonly #pending: PendingSockets;
  readonly #sockets = new Set<Socket>();
  #boundAddress = '';
  #closing: Promise<void> | undefined;

  private constructor(address: WebSocketAddress, options: ListenerOptions) {
    this.#address = address;
    this.#options = options;
    const { runtime, limits } = options.checked.multiplex;
    const pendingMax = Math.max(64, Math.ceil(limits.connectionsMax / 4));
    this.#connections = new ConnectionSet(options.checked.multiplex);
    this.#pending = new PendingSockets(
      runtime,
      { countMax: pendingMax, deadlineMs: limits.handshakeTimeoutMs },
      (socket) => this.#refusedBeforeHello(socket, 'nothing was proved in time'),
    );
    this.#webSockets = new WebSocketServer({
      ...wsOptions,
      noServer: true,
      clientTracking: false,
      handleProtocols: () => SUBPROTOCOL,
    });
    const http = { maxHeaderSize: HEADER_BYTES_MAX, noDelay: true, requestTimeout: limits.handshakeTimeoutMs };
    // Certificates are judged below, where a refusal can say why to both sides; rejecting here would reset the connection.
    this.#server =
      options.tls === undefined
        ? createHttpServer(http)
        : createHttpsServer({ ...http, ...options.tls, requestCert: !options.challenging, rejectUnauthorized: false });
    this.#server.maxConnections = limits.connectionsMax + pendingMax;
    this.#server.on('connection', (socket: Socket) => this.#connected(socket));
    this.#server.on('request', (_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' });
      response.end('This port speaks WebSocket to the nodes and clients of a Flotilla cluster, nothing else.\n');
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex) => this.#upgrade(request, socket as Socket));
    this.#server.on('clientError', (error: Error, socket: Duplex) => this.#clientError(error, socket as Socket));
    this.#server.on('tlsClientError', (error: Error, socket: TLSSocket) =>
      this.#refusedBeforeHello(socket, `TLS: ${error.message}`),
    );
  }

  /** Binds and listens. @throws {FlotillaError} AddressInUse, InvalidConfig */
  static async listen(
    address: WebSocketAddress,
    bind: ResolvedAddress,
    options: ListenerOptions,
  ): Promise<WebSocketListener> {
    const listener = new WebSocketListener(address, options);
    await listener.#bind(bind);
    return listener;
  }

  #bind(bind: ResolvedAddress): Promise<void> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(bindError(this.#address.url, error));
      this.#server.once('error', onError);
      this.#server.listen({ host: bind.address, port: this.#address.port }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error) => {
          this.#options.checked.multiplex.observe({ type: 'listener-failed', address: this.#boundAddress, error });
        });
        const bound = this.#server.address();
        const { address: ip, port } = typeof bound === 'object' && bound !== null ? bound : { address: '', port: 0 };
        this.#boundAddress = withPort(this.#address, port);
        if (!this.#address.secure && !this.#options.checked.plainAllowed && !isLoopbackAddress(ip)) {
          this.#server.close();
          reject(plainRefused(this.#boundAddress, `bound to ${ip}`));
        } else {
          resolve();
        }
      });
    });
  }

  get address(): string {
    return this.#boundAddress;
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const plainBeyond = !this.#address.secure && !isLoopbackAddress(socket.remoteAddress ?? '');
    if (plainBeyond && !this.#options.checked.plainAllowed) {
      this.#refusedBeforeHello(socket, 'plain, from beyond this machine');
      socket.destroy();
      return;
    }
    this.#pending.add(socket);
  }

  #clientError(error: Error, socket: Socket): void {
    if (socket.destroyed) return;
    this.#options.checked.metrics.malformed++;
    this.#refusedBeforeHello(socket, `not HTTP: ${error.message}`);
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  }

  #refusedBeforeHello(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>, reason: string): void {
    const { multiplex, metrics } = this.#options.checked;
    const address = remoteAddress(this.#address.parsed.scheme, socket);
    metrics.handshakesFailed++;
    multiplex.observe({
      type: 'handshake-failed',
      side: 'accepted',
      address,
      error: new FlotillaError('Unauthorized', { message: `${address}: ${reason}`, details: { reason } }),
    });
  }

  #upgrade(request: IncomingMessage, socket: Socket): void {
    const refusal = this.#refusalOf(request, socket);
    if (refusal !== undefined) {
      this.#refusedBeforeHello(socket, refusal.reason);
      socket.end(
        `HTTP/1.1 ${refusal.status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${refusal.reason.length + 1}\r\n\r\n${refusal.reason}\n`,
      );
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
      const remote = this.#remote(socket);
      const messages = new WsMessageSocket(webSocket, remote, this.#options.checked.metrics);
      const stopCounting = this.#countUnproven(socket, remote.address);
      this.#connections.accept(messages, {
        handshake: this.#options.handshake,
        timeoutMs: this.#options.checked.multiplex.limits.handshakeTimeoutMs,
        proofs: this.#proofs,
        accept: (connection) => {
          stopCounting();
          this.#pending.remove(socket);
          this.#options.accept(connection);
        },
      });
    });
  }

  get #proofs(): ProofVerifier | undefined {
    return this.#options.challenging ? this.#options.checked.proofs : undefined;
  }

  /** Why a request to upgrade is refused. Says to those outside no more than they knew. */
  #refusalOf(
    request: IncomingMessage,
    socket: Socket,
  ): { readonly status: string; readonly reason: string } | undefined {
    const { checked, clientCertificatesRequired } = this.#options;
    if (this.#closing !== undefined) return { status: '503 Service Unavailable', reason: 'closing' };
    if (this.#address.secure) {
      const { authorized, authorizationError } = socket as TLSSocket;
      const showed = showedCertificate(socket as TLSSocket);
      if (!showed && clientCertificatesRequired) return { status: '403 Forbidden', reason: 'no certificate' };
      if (showed && !authorized) {
        return { status: '403 Forbidden', reason: `certificate refused: ${String(authorizationError)}` };
      }
      if (showedAuthority(socket as TLSSocket)) {
        return { status: '403 Forbidden', reason: 'certificate refused: that of an authority (CA:TRUE)' };
      }
    }
    const { origin } = request.headers;
    if (origin !== undefined && !checked.allowedOrigins.has(origin)) {
      return { status: '403 Forbidden', reason: 'origin not allowed' };
    }
    if (request.url !== '/') return { status: '404 Not Found', reason: 'nothing here' };
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!protocols.includes(SUBPROTOCOL)) return { status: '400 Bad Request', reason: `speak ${SUBPROTOCOL}` };
    if (this.#connections.size >= checked.multiplex.limits.connectionsMax) {
      checked.metrics.connectionsRefused++;
      return { status: '503 Service Unavailable', reason: 'full' };
    }
    return undefined;
  }

  #remote(socket: Socket): RemoteIdentity {
    return {
      address: remoteAddress(this.#address.parsed.scheme, socket),
      tls: this.#address.secure ? tlsIdentity(socket as TLSSocket) : undefined,
      loopback: isLoopbackAddress(socket.remoteAddress ?? ''),
    };
  }

  /** Destroys a socket that sends more than a hello before it has proved itself. */
  #countUnproven(socket: Socket, address: string): () => void {
    const maximum = UNPROVEN_BYTES_MAX + (this.#options.challenging ? UNPROVEN_PROOF_BYTES_MAX : 0);
    let bytes = 0;
    let proven = false;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      // The chunk in which the handshake ended may have brought much more: this is still called for it.
      if (proven || bytes <= maximum) return;
      stop();
      this.#options.checked.metrics.malformed++;
      socket.destroy(
        new FlotillaError('LimitExceeded', {
          message: `${address} sent ${bytes} bytes before its hello was verified`,
          details: { limit: 'bytes before the hello is verified', maximum, actual: bytes },
        }),
      );
    };
    const stop = (): void => {
      proven = true;
      socket.off('data', onData);
    };
    socket.on('data', onData);
    return stop;
  }

  /** Takes new certificates, for connections from now on. */
  reloadTls(tls: TlsMaterial): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(tls);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#pending.close();
    await this.#connections.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#options.stopped(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function remoteAddress(scheme: string, socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  const ip = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/i, '');
  return `${scheme}//${ip.includes(':') ? `[${ip}]` : ip}:${socket.remotePort ?? 0}`;
}

function bindError(url: string, error: NodeJS.ErrnoException): Error {
  if (error.code === 'EADDRINUSE') {
    return new FlotillaError('AddressInUse', {
      message: `${url} is taken by another process; choose another port, or 0 for any`,
      details: { address: url },
      cause: error,
    });
  }
  return invalidConfig('listen', `cannot bind ${url}: ${asError(error).message}`, error);
}
