import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { TestHandshake } from '@flotilla/transport/conformance';
import { hubRendezvous, messagePortTransport, type PortLike } from '../../src/index.js';

declare const self: {
  onmessage: ((event: { data: { port: PortLike; name: string } }) => void) | null;
  postMessage(text: string): void;
};

/** A worker, or an iframe, that listens under the name it is told, and answers each request with its bytes, reversed. */
self.onmessage = ({ data: { port, name } }) => {
  const transport = messagePortTransport({ runtime, rendezvous: hubRendezvous(port) });
  const listening = transport.listen(`port://${name}`, {
    handshake: new TestHandshake(name),
    accept: (connection) =>
      connection.attach({
        frames: (frames) => frames.forEach((frame) => connection.sendFrame(frame)),
        request: (body) => Promise.resolve(body.slice().reverse()),
        stream: () => undefined,
        drained: () => undefined,
        closed: () => undefined,
      }),
  });
  listening.then(
    () => self.postMessage('listening'),
    (error: unknown) => self.postMessage(String(error)),
  );
};
