import { QuicError } from '../errors.js';
import type { BidirectionalStream } from '../session.js';
import type { ReceivingHalf, SendingHalf, SessionStream } from './session-stream.js';

/** Bytes that a writable takes before its writer's `ready` waits. */
const WRITABLE_BYTES = 64 * 1024;

/** The W3C face of a stream. */
export function webBidirectional(stream: SessionStream): BidirectionalStream {
  return { readable: webReadable(stream.receiving), writable: webWritable(stream.sending) };
}

// The streams' newer parts, which not every set of types has.
interface ByteController {
  readonly byobRequest: { respond(bytes: number): void } | null;
  enqueue(bytes: Uint8Array): void;
  close(): void;
  error(error: unknown): void;
}

interface ByteSource {
  readonly type: 'bytes';
  start(controller: ByteController): void;
  pull(controller: ByteController): Promise<void>;
  cancel(reason: unknown): void;
}

type StreamSource = ConstructorParameters<typeof ReadableStream<Uint8Array>>[0];

interface AbortableController {
  readonly signal: AbortSignal;
}

/** A readable byte stream that asks for bytes only when its reader does. */
export function webReadable(half: ReceivingHalf): ReadableStream<Uint8Array> {
  const source: ByteSource = {
    type: 'bytes',
    start(controller) {
      void half.failed.then((error) => controller.error(error));
    },
    async pull(controller) {
      const bytes = await half.read();
      if (bytes === undefined) {
        controller.close();
        // A reader that brought its own buffer waits until that is given back.
        controller.byobRequest?.respond(0);
        return;
      }
      // A copy: the stream detaches what it is given, and a frame is a part of a packet that others are parts of, too.
      controller.enqueue(new Uint8Array(bytes));
    },
    cancel(reason) {
      half.cancel(codeOf(reason));
    },
  };
  return new ReadableStream<Uint8Array>(source as unknown as StreamSource, { highWaterMark: 0 });
}

/** A writable whose writes resolve when the stack takes more. */
export function webWritable(half: SendingHalf): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>(
    {
      start(controller) {
        void half.failed.then((error) => controller.error(error));
        // At once, for a write that waits for room would hold up `abort` below.
        const { signal } = controller as unknown as AbortableController;
        signal.addEventListener('abort', () => half.abort(codeOf(signal.reason)), { once: true });
      },
      write: (chunk) => half.write(bytesOf(chunk)),
      close: () => half.end(),
      abort: (reason) => half.abort(codeOf(reason)),
    },
    { highWaterMark: WRITABLE_BYTES, size: (chunk) => (chunk as Partial<Uint8Array>).byteLength ?? 1 },
  );
}

/** The bytes of what was written. @throws QuicError `InvalidArgument` */
export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new QuicError('InvalidArgument', 'only bytes can be written', { source: 'stream' });
}

/** The code of a reason, as WebTransportError carries it; 0 for all others. */
function codeOf(reason: unknown): number {
  const code = (reason as { readonly streamErrorCode?: unknown } | undefined)?.streamErrorCode;
  return typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 0xffff_ffff ? code : 0;
}
