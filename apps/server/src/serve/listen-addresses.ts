import { FlotillaError } from '@flotilla/errors';
import { isLoopbackAddress } from '@flotilla/transport';
import { parseAddress } from '@flotilla/transport/multiplex';
import type { ServeConfig } from './node-config.js';
import { requireCertificates } from './transports.js';

const SCHEMES: ReadonlySet<string> = new Set(['ws:', 'wss:', 'quic:', 'wt:']);

/**
 * Judges what a server is to listen on and to advertise, as far as that can be known before it does: whether there is a transport for it, what
 * that needs, and whether others can dial it. What names lead to, and whether ports are free, is seen by those who bind.
 *
 * @throws {FlotillaError} InvalidConfig naming the setting
 */
export function checkListenAddresses({ node, listenPages, tls, allowPlain }: ServeConfig): void {
  const seen = new Set<string>();
  for (const address of node.listen) {
    const key = listenPages.includes(address) ? 'listenPages' : 'listen';
    const { scheme, host, kind, port = 0 } = parseAddress(address);
    if (!SCHEMES.has(scheme)) throw invalid(key, `${address} is none of ws:, wss:, quic: and wt:`);
    requireCertificates(key, [address], tls);
    if (scheme === 'ws:' && kind !== 'name' && !isLoopbackAddress(host) && !allowPlain) {
      throw invalid(
        key,
        `plain ${address} is for loopback only: use wss: with certificates ("flotilla cert" makes them), or allow it with --allow-plain`,
      );
    }
    // QUIC's ports are others than WebSocket's.
    const place = `${scheme.startsWith('ws') ? 'TCP' : 'UDP'} ${host} ${port}`;
    if (port !== 0 && seen.has(place)) throw invalid(key, `${address} is listened on twice`);
    seen.add(place);
    if (isEveryAddress(host) && node.advertise === undefined) {
      throw invalid('advertise', `${address} is every address of this machine: say by which of them others reach it`);
    }
  }
  for (const address of node.advertise ?? []) {
    const { host, port = 0 } = parseAddress(address);
    if (isEveryAddress(host) || port === 0) {
      throw invalid(
        'advertise',
        `${address} is nowhere that others could dial: give a host and a port of this machine`,
      );
    }
  }
}

function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function invalid(key: string, reason: string): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', { message: `${key}: ${reason}`, details: { key, reason } });
}
