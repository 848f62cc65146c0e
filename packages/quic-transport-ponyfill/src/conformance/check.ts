import { isQuicError, type QuicErrorCode } from '../errors.js';
import type { BidirectionalStream, QuicSession } from '../session.js';
import { encodeText, readText } from './bytes.js';
import type { Command, Progress } from './commands.js';

/** How long a test waits for what must happen, ms. */
const WITHIN_MS = 30_000;

/** Fails the test unless the condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Fails the test unless both are the same as JSON. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const left = JSON.stringify(actual);
  const right = JSON.stringify(expected);
  check(left === right, `${what}: ${left}, expected ${right}`);
}

/** Settles as the promise does, and fails the test if it does not in time. */
export async function within<T>(promise: Promise<T>, what: string, ms: number = WITHIN_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Fails the test unless the promise rejects with a `QuicError` of this code and this code of the application. */
export async function checkRejects(
  promise: Promise<unknown>,
  code: QuicErrorCode,
  what: string,
  streamErrorCode?: number,
): Promise<void> {
  let value: unknown;
  try {
    value = await within(promise, what);
  } catch (error) {
    check(isQuicError(error, code), `${what}: rejected with ${String(error)}, expected ${code}`);
    if (streamErrorCode !== undefined) checkEqual(error.streamErrorCode, streamErrorCode, `${what}: streamErrorCode`);
    return;
  }
  throw new Error(`${what}: resolved with ${String(value)}, expected ${code}`);
}

/** Opens a stream on which the peer does something. */
export async function command(
  session: QuicSession,
  what: Command,
): Promise<BidirectionalStream & { readonly writer: WritableStreamDefaultWriter<Uint8Array> }> {
  const stream = await within(session.createBidirectionalStream(), `a stream to ${what.do}`);
  const writer = stream.writable.getWriter();
  writer.closed.catch(() => undefined); // whoever writes hears of it
  await within(writer.write(encodeText(`${JSON.stringify(what)}\n`)), `the command to ${what.do}`);
  return { readable: stream.readable, writable: stream.writable, writer };
}

/** Asks the peer something. @returns its answer */
export async function ask(session: QuicSession, what: Command): Promise<string> {
  const { readable, writer } = await command(session, what);
  const [text] = await within(Promise.all([readText(readable), writer.close()]), `the answer to ${what.do}`);
  return text;
}

/** Asks how far something has come on the other side. */
export async function progressOf(session: QuicSession, tag: string, when: 'progress' | 'outcome'): Promise<Progress> {
  return JSON.parse(await ask(session, { do: when, tag })) as Progress;
}
