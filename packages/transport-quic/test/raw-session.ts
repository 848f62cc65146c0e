import type { RawPeer } from '@flotilla/transport/conformance';
import { joinMessages, StreamKind } from '../src/channel-format.js';
import type { Session } from '../src/session-socket.js';

/** A stream to which a test writes what it likes. */
export interface RawStream {
  /** Bytes as they are. */
  write(bytes: Uint8Array): void;
  /** A message, with its length before it. */
  send(message: Uint8Array): void;
}

/** A peer with a QUIC connection, and nothing above it. */
export interface RawSession extends RawPeer {
  readonly session: Session;
  readonly control: RawStream;
  /** Messages that came on the control stream are not told apart: their bytes. */
  readonly received: Uint8Array[];
  /** Resolves once something more came on the control stream. */
  answered(): Promise<void>;
  open(kind: number): RawStream;
}

/** @returns a peer that does as it likes. */
export function rawSession(session: Session): RawSession {
  const received: Uint8Array[] = [];
  const waiters: (() => void)[] = [];
  const open = (kind: number): RawStream => {
    const opening = session.createBidirectionalStream();
    const writer = opening.then(({ writable }) => writable.getWriter());
    writer.catch(() => {});
    const write = (bytes: Uint8Array): void => {
      writer.then((to) => to.write(bytes)).catch(() => {});
    };
    opening
      .then(async ({ readable }) => {
        for await (const bytes of readable) {
          if (kind === StreamKind.CONTROL) received.push(bytes);
          for (const resolve of waiters.splice(0)) resolve();
        }
      })
      .catch(() => {});
    write(Uint8Array.of(kind));
    return { write, send: (message) => write(joinMessages(new Uint8Array(0), [message], undefined)) };
  };
  const control = open(StreamKind.CONTROL);
  return {
    session,
    control,
    received,
    answered: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
      }),
    open,
    send: (message) => control.send(message),
    closed: session.closed.then(
      () => {},
      () => {},
    ),
    close: () => session.close(),
  };
}
