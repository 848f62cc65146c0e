import { isIP } from 'node:net';
import { FlotillaError } from '@flotilla/errors';
import { isReservedName } from '@flotilla/transport';

/** A host that a certificate is for. */
export interface CertificateHost {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

const HOST_CHARACTERS_MAX = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * Reads a host: an IP address (IPv6 with or without brackets), or a name, in lower case and punycode, `*.` before it allowed.
 *
 * @throws {FlotillaError} InvalidArgument for what is neither, and for names below `flotilla`, which say what a bearer is
 */
export function certificateHost(text: string): CertificateHost {
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1');
  const kind = isIP(bare);
  if (kind === 4) return { type: 'ip', value: bare };
  if (kind === 6 && !bare.includes('%'))
    return { type: 'ip', value: new URL(`http://[${bare}]`).hostname.slice(1, -1) };
  const [, wildcard = '', name = ''] = /^(\*\.)?(.*)$/.exec(bare) ?? [];
  const isBare = !/[/?#@:\\]/.test(name) && URL.canParse(`http://${name}`);
  const ascii = isBare ? new URL(`http://${name}`).hostname : '';
  const labels = ascii.split('.');
  if (ascii.length > HOST_CHARACTERS_MAX || !labels.every((label) => LABEL.test(label)) || isIP(ascii) !== 0) {
    throw invalid(`"${text}" is neither an IP address nor the name of a host, such as db-1.example or 10.0.0.1`);
  }
  if (isReservedName(ascii)) {
    throw invalid(`"${text}" is no host: names below "flotilla" say what their bearer is in a cluster`);
  }
  return { type: 'dns', value: wildcard + ascii };
}

function invalid(reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'host', reason } });
}
