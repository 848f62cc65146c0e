import { concat, utf8Decode, utf8Encode } from '@flotilla/bytes';
import { encodeSessionEnvelope, type SessionEnvelope } from '@flotilla/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command, StateMachine } from '../state-machine.js';
import { decodeSessionResult } from './session-result.js';
import { SessionStateMachine } from './session-state-machine.js';
import type { SessionLimits } from './session-table.js';

/** Counts: each command adds one; its result is the text and the count. */
class Counter implements StateMachine {
  count = 0;
  readonly applied: string[] = [];
  readonly batches: number[] = [];
  ballast = 0;

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    this.batches.push(commands.length);
    return commands.map(({ data }) => {
      this.count++;
      this.applied.push(utf8Decode(data));
      return utf8Encode(`${utf8Decode(data)}=${this.count}${'.'.repeat(this.ballast)}`);
    });
  }

  snapshot() {
    const bytes = utf8Encode(JSON.stringify({ count: this.count, applied: this.applied }));
    return {
      async *read() {
        yield bytes.subarray(0, 5);
        yield bytes.subarray(5);
      },
      release: () => undefined,
    };
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks) pieces.push(chunk);
    const state = JSON.parse(utf8Decode(concat(pieces))) as { count: number; applied: string[] };
    this.count = state.count;
    this.applied.splice(0, Infinity, ...state.applied);
  }
}

function clientId(n: number): Uint8Array {
  return new Uint8Array(16).fill(n);
}

function command(client: number, sequence: number, text: string, acknowledged = 0, vshard = 7): SessionEnvelope {
  return { kind: 'command', clientId: clientId(client), sequence, acknowledged, vshard, command: utf8Encode(text) };
}

function register(client: number, vshard = 7): SessionEnvelope {
  return { kind: 'register', clientId: clientId(client), vshard, ttlMs: 1_000 };
}

class Log {
  readonly machine: SessionStateMachine;
  readonly inner = new Counter();
  index = 0;

  constructor(limits: Partial<SessionLimits> = {}) {
    this.machine = new SessionStateMachine(this.inner, limits);
  }

  apply(...envelopes: SessionEnvelope[]): string[] {
    const results = this.machine.apply(
      envelopes.map((envelope) => ({ index: ++this.index, term: 1, data: encodeSessionEnvelope(envelope) })),
    );
    return results.map(shown);
  }
}

function shown(result: Uint8Array): string {
  try {
    return utf8Decode(decodeSessionResult(result));
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function copyOf(machine: SessionStateMachine, limits: Partial<SessionLimits> = {}): Promise<SessionStateMachine> {
  const pinned = machine.snapshot();
  const pieces: Uint8Array[] = [];
  for await (const piece of pinned.read()) pieces.push(piece);
  pinned.release();
  const copy = new SessionStateMachine(new Counter(), limits);
  const bytes = concat(pieces);
  await copy.restore(
    (async function* () {
      for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
    })(),
  );
  return copy;
}

describe('exactly once (thesis, section 6.3)', () => {
  test('a retry gives the stored result and is not applied again', () => {
    const log = new Log();
    expect(log.apply(register(1), command(1, 1, 'a'), command(1, 2, 'b'))).toEqual(['', 'a=1', 'b=2']);
    expect(log.apply(command(1, 1, 'a'), command(1, 2, 'b'))).toEqual(['a=1', 'b=2']);
    expect(log.inner.applied).toEqual(['a', 'b']);
  });

  test('a retry in the same batch as its first attempt', () => {
    const log = new Log();
    expect(log.apply(register(1), command(1, 1, 'a'), command(1, 1, 'a'), command(1, 1, 'a'))).toEqual([
      '',
      'a=1',
      'a=1',
      'a=1',
    ]);
    expect(log.inner.applied).toEqual(['a']);
  });

  test('sequences arrive in any order, each is applied once', () => {
    const log = new Log();
    expect(log.apply(register(1), command(1, 3, 'c'), command(1, 1, 'a'), command(1, 2, 'b'))).toEqual([
      '',
      'c=1',
      'a=2',
      'b=3',
    ]);
    expect(log.apply(command(1, 1, 'a'), command(1, 3, 'c'))).toEqual(['a=2', 'c=1']);
  });

  test('what was acknowledged is not kept, and a retry of it is SessionExpired, never a second application', () => {
    const log = new Log();
    log.apply(register(1), command(1, 1, 'a'), command(1, 2, 'b'), command(1, 3, 'c', 2));
    expect(log.apply(command(1, 1, 'a'), command(1, 2, 'b'), command(1, 3, 'c'))).toEqual([
      'SessionExpired',
      'SessionExpired',
      'c=3',
    ]);
    expect(log.inner.count).toBe(3);
  });

  test('without a session: SessionExpired, definite, and nothing is applied', () => {
    const log = new Log();
    const [result] = log.machine.apply([{ index: 1, term: 1, data: encodeSessionEnvelope(command(9, 1, 'x')) }]);
    expect(() => decodeSessionResult(result as Uint8Array)).toThrowError(
      expect.objectContaining({ code: 'SessionExpired', outcome: 'definite' }),
    );
    expect(log.inner.count).toBe(0);
  });

  test('a second register keeps the session; sessions of two vShards are two', () => {
    const log = new Log();
    log.apply(register(1), command(1, 1, 'a'), register(1), register(1, 8));
    expect(log.apply(command(1, 1, 'a'), command(1, 1, 'other', 0, 8))).toEqual(['a=1', 'other=2']);
  });

  test('a bare command is applied each time', () => {
    const log = new Log();
    const bare: SessionEnvelope = { kind: 'bare', command: utf8Encode('n') };
    expect(log.apply(bare, bare)).toEqual(['n=1', 'n=2']);
    expect(log.inner.batches).toEqual([2]);
  });

  test('commands go to the wrapped machine in one array where no session interferes', () => {
    const log = new Log();
    log.apply(
      register(1),
      command(1, 1, 'a'),
      command(1, 1, 'a'),
      command(1, 2, 'b'),
      command(9, 1, 'x'),
      command(1, 3, 'c'),
    );
    expect(log.inner.batches).toEqual([3]);
  });
});

describe('expiry is decided by the log', () => {
  test('a session that moved on since it was seen idle is kept', () => {
    const log = new Log();
    log.apply(register(1), command(1, 1, 'a'));
    const sessions = [{ clientId: clientId(1), vshard: 7, sequence: 1 }];
    log.apply(command(1, 2, 'b'), { kind: 'expire', sessions });
    expect(log.apply(command(1, 3, 'c'))).toEqual(['c=3']);
    log.apply({ kind: 'expire', sessions: [{ clientId: clientId(1), vshard: 7, sequence: 3 }] });
    expect(log.apply(command(1, 4, 'd'), command(1, 3, 'c'))).toEqual(['SessionExpired', 'SessionExpired']);
    expect(log.inner.count).toBe(3);
  });

  test('beyond the cap the session that was used least recently ends', () => {
    const log = new Log({ sessionsMax: 2 });
    log.apply(register(1), register(2), command(1, 1, 'a'), register(3));
    expect(log.apply(command(2, 1, 'x'), command(1, 2, 'b'), command(3, 1, 'c'))).toEqual([
      'SessionExpired',
      'b=2',
      'c=3',
    ]);
  });

  test('results beyond their count go, oldest first', () => {
    const log = new Log({ resultsPerSessionMax: 2 });
    log.apply(register(1), command(1, 1, 'a'), command(1, 2, 'b'), command(1, 3, 'c'));
    expect(log.apply(command(1, 1, 'a'), command(1, 2, 'b'), command(1, 3, 'c'))).toEqual([
      'SessionExpired',
      'b=2',
      'c=3',
    ]);
  });

  test('bytes of results stay bounded', () => {
    const log = new Log({ sessionBytesMax: 1_000, bytesMax: 3_000 });
    log.inner.ballast = 100;
    for (let client = 1; client <= 5; client++) log.apply(register(client));
    for (let sequence = 1; sequence <= 200; sequence++) log.apply(command(1 + (sequence % 5), sequence, 'x'));
    expect(log.machine.sessions.bytes).toBeLessThan(3_000 + 64 * 110);
    expect(log.machine.sessions.size).toBeGreaterThan(0);
  });
});

describe('snapshots', () => {
  test('sessions, results and order of use survive', async () => {
    const limits = { sessionsMax: 2 };
    const log = new Log(limits);
    log.apply(register(1), command(1, 1, 'a'), register(2), command(2, 5, 'e'), command(1, 2, 'b', 1));
    const copy = await copyOf(log.machine, limits);
    const again = (envelope: SessionEnvelope): string =>
      copy.apply([{ index: 50, term: 1, data: encodeSessionEnvelope(envelope) }]).map(shown)[0] as string;
    expect(again(command(1, 2, 'b'))).toBe('b=3');
    expect(again(command(1, 1, 'a'))).toBe('SessionExpired');
    expect(again(register(3))).toBe('');
    expect(again(command(2, 6, 'x'))).toBe('SessionExpired');
    expect(again(command(3, 1, 'y'))).toBe('y=4');
  });

  test('a pin is not changed by later commands', async () => {
    const log = new Log();
    log.apply(register(1), command(1, 1, 'a'));
    const pinned = log.machine.snapshot();
    log.apply(command(1, 2, 'b', 1), register(2));
    const pieces: Uint8Array[] = [];
    for await (const piece of pinned.read()) pieces.push(piece);
    const copy = new SessionStateMachine(new Counter());
    await copy.restore(
      (async function* () {
        yield concat(pieces);
      })(),
    );
    expect(copy.sessions.size).toBe(1);
    expect([...copy.sessions.all()].map(({ acknowledged, results }) => [acknowledged, [...results.keys()]])).toEqual([
      [0, [1]],
    ]);
  });

  test('damaged, foreign and newer snapshots are refused, and the state stays', async () => {
    const log = new Log();
    log.apply(register(1), command(1, 1, 'a'));
    const bytes = [new Uint8Array(3), new Uint8Array(40), new Uint8Array([0x66, 0x6c, 0x73, 9, ...new Uint8Array(12)])];
    const codes: string[] = [];
    for (const piece of bytes) {
      await log.machine
        .restore(
          (async function* () {
            yield piece;
          })(),
        )
        .catch((error: { code: string }) => codes.push(error.code));
    }
    expect(codes).toEqual(['MalformedFrame', 'MalformedFrame', 'IncompatibleVersion']);
    expect(log.apply(command(1, 1, 'a'))).toEqual(['a=1']);
  });
});

describe('bytes that are no envelope', () => {
  test('malformed bytes of a known form are an error of that command alone; an unknown form stops the group', () => {
    const log = new Log();
    const results = log.machine.apply([
      { index: 1, term: 1, data: new Uint8Array([1, 2, 3]) },
      { index: 2, term: 1, data: encodeSessionEnvelope({ kind: 'bare', command: utf8Encode('n') }) },
    ]);
    expect(results.map(shown)).toEqual(['MalformedFrame', 'n=1']);
    expect(() => log.machine.apply([{ index: 3, term: 1, data: new Uint8Array([77]) }])).toThrowError(/MalformedFrame/);
    expect(log.machine.refusal(new Uint8Array([77]))).toMatchObject({ code: 'MalformedFrame' });
    expect(log.machine.refusal(encodeSessionEnvelope(command(1, 1, 'a')))).toBeUndefined();
  });
});

test('the state does not depend on how the log is cut into batches, nor on snapshots in between', async () => {
  const envelope = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .record({
          client: fc.integer({ min: 1, max: 4 }),
          sequence: fc.integer({ min: 1, max: 30 }),
          back: fc.integer({ min: 1, max: 9 }),
        })
        .map(({ client, sequence, back }) =>
          command(client, sequence, `${client}:${sequence}`, Math.max(0, sequence - back)),
        ),
    },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }).map((client) => register(client)) },
    {
      weight: 1,
      arbitrary: fc
        .record({ client: fc.integer({ min: 1, max: 4 }), sequence: fc.integer({ min: 0, max: 30 }) })
        .map(({ client, sequence }): SessionEnvelope => ({
          kind: 'expire',
          sessions: [{ clientId: clientId(client), vshard: 7, sequence }],
        })),
    },
    { weight: 1, arbitrary: fc.constant<SessionEnvelope>({ kind: 'bare', command: utf8Encode('n') }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(envelope, { maxLength: 200 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      async (envelopes, cuts) => {
        const limits = { sessionsMax: 3, resultsPerSessionMax: 4, sessionBytesMax: 40, bytesMax: 60 };
        const commands = envelopes.map((one, at) => ({ index: at + 1, term: 1, data: encodeSessionEnvelope(one) }));
        const whole = new SessionStateMachine(new Counter(), limits);
        const results = whole.apply(commands);
        let cut = new SessionStateMachine(new Counter(), limits);
        const pieces: Uint8Array[] = [];
        for (let at = 0, k = 0; at < commands.length; k++) {
          const size = cuts[k % cuts.length] as number;
          pieces.push(...cut.apply(commands.slice(at, at + size)));
          at += size;
          if (k % 3 === 2) cut = await copyOf(cut, limits);
        }
        expect(pieces.map(shown)).toEqual(results.map(shown));
        expect((cut.inner as Counter).applied).toEqual((whole.inner as Counter).applied);
        const state = (machine: SessionStateMachine): unknown =>
          [...machine.sessions.all()].map(({ clientId: id, acknowledged, highest, results: kept }) => [
            id[0],
            acknowledged,
            highest,
            [...kept],
          ]);
        expect(state(cut)).toEqual(state(whole));
        const texts = (whole.inner as Counter).applied.filter((text) => text !== 'n');
        const registered = envelopes.filter(({ kind }) => kind === 'register').length;
        if (registered <= 1) expect(new Set(texts).size).toBe(texts.length);
      },
    ),
    { numRuns: 300 },
  );
});
