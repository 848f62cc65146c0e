// The other side of the conformance suite: sessions that are listened for or dialled, here or in a process on another runtime.
import { conformancePeer } from '../../src/conformance.js';
import {
  type CloseInfo,
  connect,
  isQuicError,
  listen,
  type ConnectOptions,
  type ListenOptions,
} from '../../src/index.js';

/** How a session ended. */
export type PeerEnd = CloseInfo | { readonly errorCode: string };

/** A session of the other side. */
export interface PeerSession {
  readonly ended: Promise<PeerEnd>;
  release(): Promise<void>;
}

/** Where the other side lives. */
export interface PeerHost extends AsyncDisposable {
  /** Takes one session on a port of its own. */
  listen(options: ListenOptions): Promise<PeerSession & { readonly port: number }>;
  dial(url: string, options: ConnectOptions): Promise<PeerSession>;
  /** Ends it without a word; the next call starts it anew. */
  kill?(): Promise<void>;
}

/** The other side in this process. */
export class LocalPeerHost implements PeerHost {
  async listen(options: ListenOptions): Promise<PeerSession & { readonly port: number }> {
    const listener = await listen(options);
    const first = (async (): Promise<PeerEnd> => {
      for await (const session of listener) {
        await conformancePeer(session);
        return endOf(session.closed);
      }
      return { errorCode: 'nobody came' };
    })();
    return { port: listener.address.port, ended: first, release: () => listener.close() };
  }

  async dial(url: string, options: ConnectOptions): Promise<PeerSession> {
    const session = connect(url, options);
    await session.ready;
    const ended = conformancePeer(session).then(() => endOf(session.closed));
    return {
      ended,
      release: async () => {
        await session[Symbol.asyncDispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }
}

async function endOf(closed: Promise<CloseInfo>): Promise<PeerEnd> {
  try {
    const { closeCode, reason } = await closed;
    return { closeCode, reason };
  } catch (error) {
    return { errorCode: isQuicError(error) ? error.code : String(error) };
  }
}
