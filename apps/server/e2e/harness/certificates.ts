import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WebSocketTls } from '@flotilla/transport-ws';
import { run } from './program.js';

/** Settings that name the files of a certificate. */
export interface TlsSettings {
  readonly tlsCa: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
}

/** What `flotilla cert` says of a certificate. */
export interface CertificateReport {
  readonly role: string;
  readonly nodeIds: readonly number[];
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly spkiPin: string;
  readonly sha256: string;
  readonly notAfter: string;
  readonly valid: boolean;
}

/** An authority in a folder, made by the program, and certificates that it signs for this machine. */
export class Certificates {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(folder: string, ...more: string[]): Promise<Certificates> {
    await cert('ca', '--out', join(folder, 'ca'), ...more);
    return new Certificates(folder);
  }

  get authority(): string {
    return join(this.folder, 'ca');
  }

  /** A node's, for loopback; bound to an id where one is given. */
  async node(
    name: string,
    { nodeId, more = [] }: { nodeId?: number; more?: readonly string[] } = {},
  ): Promise<TlsSettings> {
    const bound = nodeId === undefined ? [] : ['--node-id', String(nodeId)];
    return await this.#leaf('node', name, ['--host', '127.0.0.1', ...bound, ...more]);
  }

  async client(name: string, more: readonly string[] = []): Promise<TlsSettings> {
    return await this.#leaf('client', name, ['--name', name, ...more]);
  }

  async #leaf(kind: 'node' | 'client', name: string, args: readonly string[]): Promise<TlsSettings> {
    const out = join(this.folder, name);
    await cert(kind, '--ca', this.authority, '--out', out, ...args);
    return { tlsCa: join(out, 'ca.pem'), tlsCert: join(out, 'cert.pem'), tlsKey: join(out, 'key.pem') };
  }
}

/** Runs `flotilla cert` with `--json`. @throws where it fails */
export async function cert(...args: string[]): Promise<CertificateReport> {
  const { code, stdout, stderr } = await run(['cert', ...args, '--json']);
  if (code !== 0) throw new Error(`flotilla cert ${args.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as CertificateReport;
}

/** The files as a transport wants them. */
export async function tlsOf({ tlsCa, tlsCert, tlsKey }: TlsSettings): Promise<WebSocketTls> {
  const [ca, certificate, key] = await Promise.all([tlsCa, tlsCert, tlsKey].map((file) => readFile(file, 'utf8')));
  return { ca: ca ?? '', cert: certificate ?? '', key: key ?? '' };
}

/** The same as flags of a command. */
export function tlsFlags({ tlsCa, tlsCert, tlsKey }: TlsSettings): string[] {
  return [`--tls-ca=${tlsCa}`, `--tls-cert=${tlsCert}`, `--tls-key=${tlsKey}`];
}
