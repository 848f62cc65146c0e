import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FlotillaError } from '@flotilla/errors';
import type { MetricFamily, ReadinessCheck } from '@flotilla/cluster';
import type { ServerStatus } from '../serve/host-status.js';
import { PrometheusText } from './prometheus.js';

/** What the HTTP server shows; every call is answered from local state, with or without a leader. */
export interface HttpSource {
  /** Undefined: alive. Else why the process should be restarted. */
  livenessProblem(): string | undefined;
  readiness(): readonly ReadinessCheck[];
  status(): ServerStatus;
  metrics(): Iterable<MetricFamily>;
}

/** `/livez`, `/readyz`, `/metrics` and `/status` of one server. */
export interface HttpEndpoint {
  /** Its address, with the port resolved. */
  readonly address: string;
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1', '[::1]']);

/** The parts of an `http:` URL to listen on. @throws {FlotillaError} InvalidConfig */
export function parseHttpAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && url.protocol === 'http:' && url.pathname === '/') return url;
  throw new FlotillaError('InvalidConfig', {
    message: `http: "${address}" must be a URL such as http://127.0.0.1:7201`,
    details: { key: 'http', reason: 'no http URL' },
  });
}

/**
 * Listens on an `http:` URL.
 *
 * @throws {FlotillaError} InvalidConfig for an address that is none; AddressInUse when the port is taken.
 */
export async function startHttp(address: string, source: HttpSource): Promise<HttpEndpoint> {
  const url = parseHttpAddress(address);
  const text = new PrometheusText();
  const server = createServer((request, response) => {
    answer(request, response, source, text).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`internal error: ${(error as Error).message}\n`);
    });
  });
  // Health and metrics are small questions: whoever dawdles over one is cut off.
  server.requestTimeout = 10_000;
  server.headersTimeout = 10_000;
  server.maxConnections = 256;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  await listen(server, Number(url.port === '' ? 80 : url.port), host, address);
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://${url.hostname}:${port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether an `http:` URL stays on this machine. */
export function isLoopbackUrl(address: string): boolean {
  return URL.canParse(address) && LOOPBACK.has(new URL(address).hostname);
}

function listen(server: Server, port: number, host: string, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new FlotillaError('AddressInUse', {
              message: `${address} is taken by another process; give another one with --http`,
              details: { address },
              cause,
            })
          : new FlotillaError('InvalidConfig', {
              message: `http: cannot listen on ${address}: ${cause.message}`,
              details: { key: 'http', reason: cause.message },
              cause,
            }),
      );
    });
    server.listen(port, host, () => resolve());
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  source: HttpSource,
  text: PrometheusText,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const plain = 'text/plain; charset=utf-8';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(405, plain, 'only GET and HEAD\n');
    return;
  }
  switch (url.pathname) {
    case '/livez': {
      const problem = source.livenessProblem();
      send(problem === undefined ? 200 : 503, plain, problem === undefined ? 'ok\n' : `${problem}\n`);
      return;
    }
    case '/readyz': {
      const checks = source.readiness();
      const ready = checks.every((check) => check.ok);
      send(
        ready ? 200 : 503,
        plain,
        url.searchParams.has('verbose') ? verbose(checks, ready) : ready ? 'ok\n' : 'not ready\n',
      );
      return;
    }
    case '/status':
      send(200, 'application/json', `${JSON.stringify(source.status())}\n`);
      return;
    case '/metrics':
      send(200, text.contentType, await text.render(source.metrics()));
      return;
    default:
      send(404, plain, 'not found; there are /livez, /readyz?verbose, /metrics and /status\n');
  }
}

function verbose(checks: readonly ReadinessCheck[], ready: boolean): string {
  const lines = checks.map(
    (check) => `[${check.ok ? '+' : '-'}] ${check.name} ${check.ok ? 'ok' : 'failed'}: ${check.detail}\n`,
  );
  return `${lines.join('')}${ready ? 'ready' : 'not ready'}\n`;
}
