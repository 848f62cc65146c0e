import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Runtime, Timer } from '@flotilla/runtime';

/**
 * A QUIC packet of a version that exists only so that nobody knows it (RFC 9000 section 15), too short to be answered: whoever listens
 * drops it. Where nobody listens, the system says so by ICMP; QUIC itself knows no refusal, and its stacks do not look.
 */
const NOTHING = Uint8Array.of(0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 0, 0);
/** How often it is sent while somebody waits, in ms, and how many times: one may be lost. */
const AGAIN_MS = 300;
const PACKETS_MAX = 10;

/** Tells that a UDP port is closed, where the system says so: on this machine, and in most networks without a firewall between. */
export type PortProbe = (hostname: string, port: number, signal: AbortSignal, closed: () => void) => void;

/**
 * Sends a packet of no meaning to a port now and then, for three seconds or until the signal fires, and calls back once the answer is that nobody is there.
 * Only for ports that are listened to: that of a dialler takes packets of its listener alone, and answers others as if it were closed.
 * Of a host that is a name nothing is found out.
 */
export function portProbe(runtime: Runtime): PortProbe {
  return (hostname, port, signal, closed) => {
    const family = isIP(hostname);
    if (family === 0 || signal.aborted) return;
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    let timer: Timer | undefined;
    let over = false;
    let packets = 0;
    const end = (): void => {
      if (over) return;
      over = true;
      timer?.cancel();
      signal.removeEventListener('abort', end);
      socket.close();
    };
    const send = (): void => {
      if (over) return;
      if (++packets > PACKETS_MAX) return end();
      socket.send(NOTHING);
      timer = runtime.setTimer(AGAIN_MS, send);
    };
    socket.unref();
    signal.addEventListener('abort', end);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const refused = error.code === 'ECONNREFUSED' && !over;
      end();
      if (refused) closed();
    });
    // An address without a way to it is an error of the connect alone: the callback is given it, and nothing is emitted.
    socket.connect(port, hostname, ((error?: Error) => (error === undefined ? send() : end())) as () => void);
  };
}
