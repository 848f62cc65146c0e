import { connectBy, isFramed, type OpenSession, startWebTransport } from './connect-by.js';
import { QuicError } from './errors.js';
import type { QuicListener } from './listener.js';
import { connectBrowser } from './native/browser.js';
import type { ConnectOptions, ListenOptions } from './options.js';
import type { QuicSession } from './session.js';

export * from './interface.js';

/**
 * `connect` of a page or worker, by the browser's own WebTransport: `https://host:port/path` only. Certificates are the browser's affair:
 * of `options.tls` nothing is used, `serverCertificateHashes` is handed on.
 *
 * @throws QuicError `InvalidArgument`, `Unsupported` (quic:, which no browser speaks); everything else comes by `ready`
 */
export function connect(url: string | URL, options: ConnectOptions = {}): QuicSession {
  return connectBy(url, options, { webTransport: open });
}

/** Rejects: a browser cannot listen. @throws QuicError `Unsupported` */
export function listen(_options: ListenOptions): Promise<QuicListener> {
  return Promise.reject(new QuicError('Unsupported', 'a browser cannot listen'));
}

const open: OpenSession = async (request, signal) => {
  const hashes = request.hashes === undefined ? {} : { serverCertificateHashes: request.hashes };
  const native = await connectBrowser({ url: request.target, framed: isFramed(request), signal, ...hashes });
  return startWebTransport(native, request, signal);
};
