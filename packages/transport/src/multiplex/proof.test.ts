import { FlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { TestHandshake } from '../conformance.js';
import { transportLimits } from '../limits.js';
import { transportMetrics } from '../observe.js';
import type { PeerProof, ProofVerifier } from '../proof/peer-proof.js';
import type { CloseReason, Connection, RemoteIdentity, TlsIdentity } from '../transport.js';
import { ConnectionSet } from './connection-set.js';
import type { MessageSocket, MessageSocketEvents } from './message-socket.js';
import type { MultiplexOptions } from './options.js';
import { MAGIC, Piece, PROOF_BYTES_MAX } from './pieces.js';

const IDENTITY: TlsIdentity = { spkiSha256: new Uint8Array(32).fill(7), names: ['node-4.node.flotilla'] };

/** One end of a socket in memory. */
class End implements MessageSocket {
  readonly remote: RemoteIdentity;
  readonly sent: Uint8Array[] = [];
  other: End | undefined;
  readonly unsentBytes = 0;
  readonly #world: VirtualWorld;
  events: MessageSocketEvents | undefined;
  over = false;

  constructor(world: VirtualWorld, address: string) {
    this.#world = world;
    this.remote = { address, tls: undefined, loopback: false };
  }

  attach(events: MessageSocketEvents): void {
    this.events = events;
  }

  send(message: Uint8Array): void {
    if (this.over) return;
    this.sent.push(message);
    this.#later(() => this.other?.events?.message(message));
  }

  end(): void {
    this.#close({ by: 'local', error: undefined }, { by: 'remote', error: undefined });
  }

  destroy(error: Error): void {
    this.#close({ by: 'broken', error }, { by: 'broken', error: undefined });
  }

  #close(here: CloseReason, there: CloseReason): void {
    if (this.over) return;
    this.over = true;
    this.#later(() => this.events?.closed(here));
    this.#later(() => {
      if (this.other !== undefined) this.other.over = true;
      this.other?.events?.closed(there);
    });
  }

  #later(callback: () => void): void {
    this.#world.createRuntime().setTimer(1, callback);
  }
}

/** A listener that takes proofs, or not, and what dials it. */
class Scene {
  readonly world = new VirtualWorld({ seed: 'proof' });
  readonly options: MultiplexOptions = {
    runtime: this.world.createRuntime(),
    limits: transportLimits(undefined),
    keepAlive: undefined,
    metrics: transportMetrics(),
    observe: () => undefined,
  };
  readonly handshake = new TestHandshake('victim');
  readonly accepted: Connection[] = [];
  readonly judged: { readonly proof: string; readonly nonce: Uint8Array }[] = [];
  verdict: TlsIdentity | Error = IDENTITY;

  listener(challenges: 'challenges' | 'challenges nobody' = 'challenges'): End {
    const here = new End(this.world, 'wss://10.0.0.9:50000');
    const there = new End(this.world, 'wss://flotilla.example:7101');
    here.other = there;
    there.other = here;
    const verifier: ProofVerifier = {
      verify: (proof, nonce) => {
        this.judged.push({ proof: new TextDecoder().decode(proof), nonce });
        if (this.verdict instanceof Error) throw this.verdict;
        return this.verdict;
      },
    };
    const proofs = challenges === 'challenges' ? verifier : undefined;
    new ConnectionSet(this.options).accept(here, {
      handshake: this.handshake,
      timeoutMs: 5_000,
      proofs,
      accept: (connection) => {
        connection.attach({
          frames: () => undefined,
          request: (body) => Promise.resolve(body),
          stream: () => undefined,
          drained: () => undefined,
          closed: () => undefined,
        });
        this.accepted.push(connection);
      },
    });
    return there;
  }

  dial(end: End, proof: PeerProof | undefined): Promise<Connection> {
    const dialling = new ConnectionSet(this.options).dial(
      end.remote.address,
      { handshake: new TestHandshake('dialler'), proof },
      () => Promise.resolve(end),
    );
    dialling.then(
      (connection) =>
        connection.attach({
          frames: () => undefined,
          request: (body) => Promise.resolve(body),
          stream: () => undefined,
          drained: () => undefined,
          closed: () => undefined,
        }),
      () => undefined,
    );
    return this.world.settle(dialling);
  }
}

const proofOf = (text: string): PeerProof & { readonly asked: [Uint8Array, string][] } => {
  const asked: [Uint8Array, string][] = [];
  return {
    asked,
    prove: (nonce, address) => {
      asked.push([nonce, address]);
      return Promise.resolve(new TextEncoder().encode(text));
    },
  };
};

describe('proofs within the handshake', () => {
  test('who proves itself is who its proof says, to the judge of its hello and from then on', async () => {
    const scene = new Scene();
    const proof = proofOf('here it is');
    await scene.dial(scene.listener(), proof);
    await scene.world.advance(10);
    expect(scene.judged.map(({ proof: text }) => text)).toEqual(['here it is']);
    expect(proof.asked).toEqual([[scene.judged[0]?.nonce, 'wss://flotilla.example:7101']]);
    expect(proof.asked[0]?.[0]).toHaveLength(32);
    expect(scene.handshake.verified).toMatchObject([{ hello: 'dialler', remote: { tls: IDENTITY } }]);
    expect(scene.accepted[0]?.remote).toMatchObject({ tls: IDENTITY, address: 'wss://10.0.0.9:50000' });
  });

  test('every connection has a challenge of its own', async () => {
    const scene = new Scene();
    const proof = proofOf('x');
    for (let at = 0; at < 3; at++) await scene.dial(scene.listener(), proof);
    expect(new Set(proof.asked.map(([nonce]) => nonce.join())).size).toBe(3);
  });

  test('who is challenged and has nothing to prove gives up, and its hello is not looked at', async () => {
    const scene = new Scene();
    await expect(scene.dial(scene.listener(), undefined)).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringContaining('no certificate to prove it with'),
    });
    expect([scene.accepted, scene.handshake.verified, scene.judged]).toEqual([[], [], []]);
  });

  test('who is not challenged proves nothing', async () => {
    const scene = new Scene();
    const proof = proofOf('x');
    await scene.dial(scene.listener('challenges nobody'), proof);
    await scene.world.advance(10);
    expect([proof.asked, scene.judged, scene.accepted[0]?.remote.tls]).toEqual([[], [], undefined]);
  });

  test('a proof that is judged bad is refused with why, and its hello is not looked at', async () => {
    const scene = new Scene();
    scene.verdict = new FlotillaError('Unauthorized', { message: 'expired', details: { reason: 'expired' } });
    await expect(scene.dial(scene.listener(), proofOf('x'))).rejects.toThrow('expired');
    await scene.world.advance(10);
    expect([scene.accepted, scene.handshake.verified]).toEqual([[], []]);
  });

  test('a side that cannot prove itself gives the dial up', async () => {
    const scene = new Scene();
    const broken: PeerProof = { prove: () => Promise.reject(new Error('no key')) };
    await expect(scene.dial(scene.listener(), broken)).rejects.toThrow('no key');
    const long: PeerProof = { prove: () => Promise.resolve(new Uint8Array(PROOF_BYTES_MAX + 1)) };
    await expect(scene.dial(scene.listener(), long)).rejects.toMatchObject({ code: 'LimitExceeded' });
    expect(scene.judged).toEqual([]);
  });

  const u32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >> shift) & 255);
  const hello = Uint8Array.of(Piece.HELLO, ...u32(MAGIC), 1, 1, ...u32(1e6), ...u32(10), 65);
  const proof = Uint8Array.of(Piece.PROOF, 1);
  const ready = Uint8Array.of(Piece.READY);
  test.each<[string, Uint8Array[]]>([
    ['a proof that nobody asked for', [proof, hello]],
    ['a second hello in place of the proof', [hello, hello]],
    ['a ready in place of the proof', [hello, ready]],
    ['a second proof', [hello, proof, proof]],
    ['a hello after the proof', [hello, proof, hello]],
    ['a proof that is too long', [hello, new Uint8Array(PROOF_BYTES_MAX + 2).fill(Piece.PROOF, 0, 1)]],
    ['a challenge', [Uint8Array.of(Piece.CHALLENGE, ...new Uint8Array(32))]],
    ['a hello of another format, well proven', [Uint8Array.of(Piece.HELLO, 1, 2, 3, 4), proof]],
  ])('%s ends the handshake', async (_, messages) => {
    const scene = new Scene();
    const end = scene.listener();
    let isClosed = false;
    end.attach({ message: () => undefined, sent: () => undefined, closed: () => (isClosed = true) });
    for (const message of messages) end.send(message);
    end.send(ready);
    await scene.world.advance(100);
    expect([scene.accepted, isClosed]).toEqual([[], true]);
  });

  test('a proof to a listener that challenges nobody ends the handshake', async () => {
    const scene = new Scene();
    const end = scene.listener('challenges nobody');
    end.attach({ message: () => undefined, sent: () => undefined, closed: () => undefined });
    for (const message of [hello, proof, ready]) end.send(message);
    await scene.world.advance(100);
    expect([scene.accepted, scene.judged]).toEqual([[], []]);
  });

  test('who proves nothing in time is let go', async () => {
    const scene = new Scene();
    const end = scene.listener();
    let isClosed = false;
    end.attach({ message: () => undefined, sent: () => undefined, closed: () => (isClosed = true) });
    end.send(hello);
    await scene.world.advance(5_100);
    expect(isClosed).toBe(true);
  });

  test.each<[string, Uint8Array[]]>([
    ['a challenge that is too short', [Uint8Array.of(Piece.CHALLENGE, 1, 2, 3)]],
    [
      'a second challenge',
      [Uint8Array.of(Piece.CHALLENGE, ...new Uint8Array(32)), Uint8Array.of(Piece.CHALLENGE, ...new Uint8Array(32))],
    ],
    ['a hello that does not wait for the proof', [Uint8Array.of(Piece.CHALLENGE, ...new Uint8Array(32)), hello]],
    ['a ready', [ready]],
  ])('%s ends the dial of who has a proof', async (_, answers) => {
    const scene = new Scene();
    const here = new End(scene.world, 'wss://flotilla.example:7101');
    const there = new End(scene.world, 'wss://10.0.0.9:50000');
    here.other = there;
    there.other = here;
    there.attach({
      message: () => {
        for (const answer of answers.splice(0)) there.send(answer);
      },
      sent: () => undefined,
      closed: () => undefined,
    });
    const never: PeerProof = { prove: () => new Promise(() => undefined) };
    await expect(scene.dial(here, never)).rejects.toMatchObject({ code: 'MalformedFrame' });
  });
});
