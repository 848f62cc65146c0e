import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TlsFiles } from './plan.js';

/** An authority and one certificate of 127.0.0.1, which both sides show, made by `flotilla cert` and gone from the disk at once. */
export function makeCertificates(flotilla: URL): TlsFiles {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-certificates-'));
  try {
    const cert = (...args: readonly string[]): void => {
      execFileSync(process.execPath, [fileURLToPath(flotilla), 'cert', ...args], { stdio: 'pipe' });
    };
    const [authority, node] = [join(folder, 'authority'), join(folder, 'node')];
    cert('ca', '--out', authority);
    cert('node', '--ca', authority, '--out', node, '--host', '127.0.0.1');
    const read = (name: string): string => readFileSync(join(node, name), 'utf8');
    return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
