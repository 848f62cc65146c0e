import type { IncomingMessage } from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { FlotillaError } from '@flotilla/errors';
import { isLoopbackAddress, type RemoteIdentity } from '@flotilla/transport';
import { abortError, invalidConfig, type MessageSocket } from '@flotilla/transport/multiplex';
import { WebSocket } from 'ws';
import type { WebSocketAddress } from './address.js';
import { type CheckedOptions, type ResolvedAddress, SUBPROTOCOL } from './options.js';
import { plainRefused } from './plain-policy.js';
import { resolveHost } from './resolve.js';
import { showedAuthority, tlsIdentity, type TlsMaterial } from './tls.js';
import { WsMessageSocket, wsOptions } from './ws-message-socket.js';

/** How to dial. */
export interface DialContext {
  readonly checked: CheckedOptions;
  readonly tls: (TlsMaterial & { readonly serverName: string | undefined }) | undefined;
}

/** Opens a WebSocket. @throws {FlotillaError} InvalidConfig, Unreachable, Unauthorized, Overloaded; Aborted by the signal */
export async function connect(
  address: WebSocketAddress,
  context: DialContext,
  signal: AbortSignal,
): Promise<MessageSocket> {
  if (address.secure && context.tls === undefined) {
    throw invalidConfig('tls', `${address.url} needs ca, cert and key`);
  }
  const resolved = await resolveHost(address, context.checked);
  if (signal.aborted) throw abortError(`dialling ${address.url}`, signal);
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(address.url, [SUBPROTOCOL], {
      ...wsOptions,
      ...tlsOptions(address, context),
      lookup: lookupOf(resolved),
      // Masks protect old proxies from the scripts of pages; between nodes they cost a copy. Zero is a mask as any other.
      ...(context.checked.plainAllowed ? {} : { generateMask: (mask: Buffer): void => void mask.fill(0) }),
    });
    let remote: RemoteIdentity | undefined;
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
      webSocket.terminate();
    };
    const onAbort = (): void => fail(abortError(`dialling ${address.url}`, signal));
    signal.addEventListener('abort', onAbort, { once: true });
    webSocket.on('upgrade', (response) => {
      if (address.secure && showedAuthority(response.socket as TLSSocket)) return fail(shownAuthority(address.url));
      remote = remoteIdentity(address, response.socket);
    });
    webSocket.on('unexpected-response', (_request, response: IncomingMessage) => {
      response.resume();
      fail(refusedBy(address.url, response.statusCode ?? 0));
    });
    webSocket.on('error', (error: NodeJS.ErrnoException) => fail(connectError(address.url, error)));
    webSocket.on('open', () => {
      signal.removeEventListener('abort', onAbort);
      if (remote === undefined) return fail(connectError(address.url, new Error('opened without a socket')));
      if (!address.secure && !remote.loopback && !context.checked.plainAllowed) {
        return fail(plainRefused(address.url, 'the connection goes beyond it'));
      }
      webSocket.removeAllListeners('error');
      resolve(new WsMessageSocket(webSocket, remote, context.checked.metrics));
    });
  });
}

function tlsOptions(address: WebSocketAddress, { tls }: DialContext): object {
  if (!address.secure || tls === undefined) return {};
  const { serverName, ...material } = tls;
  const name = serverName ?? address.parsed.host;
  const isName = serverName !== undefined || address.parsed.kind === 'name';
  return { ...material, rejectUnauthorized: true, ...(isName ? { servername: name } : {}) };
}

/** Answers with what was resolved and judged before, so that nothing else can be connected to. */
function lookupOf(resolved: readonly [ResolvedAddress, ...ResolvedAddress[]]): LookupFunction {
  return (_host, options, callback) => {
    if (options.all === true) callback(null, [...resolved]);
    else callback(null, resolved[0].address, resolved[0].family);
  };
}

function remoteIdentity(address: WebSocketAddress, socket: Socket): RemoteIdentity {
  return {
    address: address.url,
    tls: address.secure ? tlsIdentity(socket as TLSSocket) : undefined,
    loopback: isLoopbackAddress(socket.remoteAddress ?? ''),
  };
}

function shownAuthority(url: string): Error {
  const reason = 'shows the certificate of an authority (CA:TRUE) as its own';
  return new FlotillaError('Unauthorized', { message: `${url}: ${reason}`, details: { reason } });
}

function refusedBy(url: string, status: number): Error {
  if (status === 401 || status === 403) {
    const reason = `refused by the listener with HTTP status ${status}: its log says why (certificate, or origin)`;
    return new FlotillaError('Unauthorized', { message: `${url}: ${reason}`, details: { reason } });
  }
  if (status === 503) {
    return new FlotillaError('Overloaded', {
      message: `${url} takes no more connections`,
      details: { resource: `connections of ${url}`, limit: 0 },
    });
  }
  return new FlotillaError('Unreachable', {
    message: `${url} answered with HTTP status ${status}: it is no listener of this kind, or speaks another version`,
    details: { address: url },
  });
}

/** The codes of OpenSSL, Node and Deno for a certificate that is not believed. */
const CERTIFICATE_ERROR =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)|ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)/;

function connectError(url: string, error: NodeJS.ErrnoException): Error {
  const { code = '' } = error;
  if (CERTIFICATE_ERROR.test(code)) {
    return new FlotillaError('Unauthorized', {
      message: `${url}: its certificate, or ours, was not accepted (${code}: ${error.message})`,
      details: { reason: code },
      cause: error,
    });
  }
  const messages =
    error instanceof AggregateError ? error.errors.map((each) => String(each)).join('; ') : error.message;
  return new FlotillaError('Unreachable', {
    message: `${url} cannot be reached: ${messages}`,
    details: { address: url },
    cause: error,
  });
}
