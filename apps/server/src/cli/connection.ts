import { readFile } from 'node:fs/promises';
import { FlotillaClient } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import { type Command, Option } from 'commander';
import { requireCertificates, transportsOf } from '../serve/transports.js';
import { endpointsOf } from './endpoints.js';
import { wholeNumber } from './whole-number.js';

/** Options of every command that speaks to a cluster. */
export interface ConnectionOptions {
  readonly endpoints?: string;
  readonly json?: boolean;
  readonly timeoutMs: number;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly allowPlain?: boolean;
}

/** Adds the options of {@link ConnectionOptions} to a command. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option('--endpoints <a,b,…>', 'addresses of some servers (or FLOTILLA_ENDPOINTS; default: the local cluster)')
    .option('--json', 'JSON for machines instead of text for people')
    .addOption(
      new Option('--timeout-ms <ms>', 'how long a request may take')
        .argParser(wholeNumber(1, 3_600_000))
        .default(10_000),
    )
    .option('--tls-ca <file>', 'CA that signs the servers (PEM), for wss: and quic: addresses')
    .option('--tls-cert <file>', 'certificate to show to servers (PEM)')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--allow-plain', 'ws: off loopback, which anybody on the way can read and forge');
}

/** Connects, works, and closes again, whatever happens. */
export async function withClient<T>(
  options: ConnectionOptions,
  work: (client: FlotillaClient) => Promise<T>,
): Promise<T> {
  const endpoints = await endpointsOf(options.endpoints, process.env, process.cwd());
  const tls = await readTls(options);
  requireCertificates('endpoints', endpoints, tls);
  await using stack = new AsyncDisposableStack();
  const transports = transportsOf({ tls, allowPlain: options.allowPlain === true });
  for (const transport of transports) stack.use(transport);
  await using client = await FlotillaClient.connect({
    endpoints,
    transports,
    runtime: systemRuntime,
    requestTimeoutMs: options.timeoutMs,
  });
  return await work(client);
}

/** An AbortSignal that Ctrl-C and SIGTERM abort, so that waiting commands end in good order. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

async function readTls({
  tlsCa,
  tlsCert,
  tlsKey,
}: ConnectionOptions): Promise<{ ca: string; cert: string; key: string } | undefined> {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    throw invalid('--tls-ca, --tls-cert and --tls-key go together');
  }
  const read = async (path: string): Promise<string> =>
    await readFile(path, 'utf8').catch((cause: unknown) => {
      throw invalid(`${path} cannot be read: ${(cause as Error).message}`);
    });
  return { ca: await read(tlsCa), cert: await read(tlsCert), key: await read(tlsKey) };
}

function invalid(reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'tls', reason } });
}
