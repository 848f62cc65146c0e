import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { QuicError } from '../errors.js';

/** The IP address of a host, v4 if it has both: QUIC has no way to find out quickly that one of them is silent. @throws QuicError `ConnectFailed` */
export async function resolveHost(hostname: string): Promise<string> {
  if (isIP(hostname) !== 0) return hostname;
  try {
    const { address } = await lookup(hostname, { order: 'ipv4first' });
    return address;
  } catch (cause) {
    throw new QuicError('ConnectFailed', `the name ${hostname} has no address`, { cause });
  }
}
