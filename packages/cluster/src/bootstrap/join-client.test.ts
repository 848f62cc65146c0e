import { FlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { EMPTY_METADATA } from '../metadata/metadata-state.js';
import { join, redirectOf } from './join-client.js';
import type { JoinEvent } from './join-event.js';
import type { JoinAnswer } from './join-request.js';

const answer: JoinAnswer = { node: 4, metadata: EMPTY_METADATA };
const notReady = () => new FlotillaError('NotReady', { message: 'starting', details: { reason: 'starting' } });
const unreachable = (address: string) => new FlotillaError('Unreachable', { message: address, details: { address } });
const redirect = (address: string | undefined) =>
  new FlotillaError('NotLeader', {
    message: 'elsewhere',
    details: { group: 0, leader: 1, ...(address === undefined ? {} : { address }) },
  });

interface Run {
  readonly asked: string[];
  /** Who was asked to forward. */
  readonly forwarders: string[];
  readonly events: JoinEvent[];
  readonly attempts: [number, number][];
  readonly outcome: JoinAnswer | FlotillaError;
}

async function run(
  seeds: readonly string[],
  ask: (address: string, nth: number) => JoinAnswer,
  schedule = { maxAttempts: 8, maxBackoffMs: 32_000 },
  forward: (address: string) => JoinAnswer = (address) => {
    throw unreachable(address);
  },
): Promise<Run> {
  const world = new VirtualWorld();
  const asked: string[] = [];
  const forwarders: string[] = [];
  const events: JoinEvent[] = [];
  const attempts: [number, number][] = [];
  const joining = join({
    runtime: world.createRuntime(),
    schedule,
    seeds,
    canDial: (address) => !address.startsWith('quic:'),
    ask: async (address) => {
      asked.push(address);
      return ask(address, asked.length);
    },
    askToForward: async (address) => {
      forwarders.push(address);
      return forward(address);
    },
    attempt: (attempt) => attempts.push([attempt, world.now()]),
    onEvent: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  const outcome = await world.settle(
    joining.catch((error: unknown) => error as FlotillaError),
    { deadlineMs: 100_000 },
  );
  return { asked, forwarders, events, attempts, outcome };
}

describe('join client', () => {
  test('asks the seeds in canonical order until one lets it in', async () => {
    const { asked, outcome } = await run(['mem://c', 'mem://a', 'mem://b'], (address) => {
      if (address === 'mem://a') throw unreachable(address);
      return answer;
    });
    expect(asked).toEqual(['mem://a', 'mem://b']);
    expect(outcome).toBe(answer);
  });

  test('no seeds at all: failed at once', async () => {
    const { asked, outcome } = await run([], () => answer);
    expect(asked).toEqual([]);
    expect(outcome).toMatchObject({ code: 'JoinNoSeeds' });
  });

  test('a redirect is asked next, before the other seeds, and never twice', async () => {
    const { asked, events } = await run(['mem://a', 'mem://b'], (address, nth) => {
      if (address === 'mem://a') throw redirect('MEM://Z');
      if (address === 'mem://z') throw redirect('mem://a');
      if (nth < 3) throw notReady();
      return answer;
    });
    expect(asked).toEqual(['mem://a', 'mem://z', 'mem://b']);
    expect(events).toContainEqual({ name: 'join.redirect', from: 'mem://a', to: 'mem://z' });
  });

  test('a redirect to where no transport leads is not followed, and is no refusal for good', async () => {
    const { asked, outcome } = await run(['mem://a', 'mem://b'], (address) => {
      if (address === 'mem://a') throw redirect('quic://z:1');
      return answer;
    });
    expect(asked).toEqual(['mem://a', 'mem://b']);
    expect(outcome).toBe(answer);
  });

  describe('a member forwards, once all seeds were asked,', () => {
    const seeds = ['mem://a', 'mem://b'];
    const once = { maxAttempts: 0, maxBackoffMs: 1 };

    test.each([
      ['no transport leads', 'quic://z:1'],
      ['nobody can be reached', 'mem://z'],
      ['nothing can be dialled', undefined],
    ])('where a redirect names a leader to whom %s', async (_, to) => {
      const { asked, forwarders, events, outcome } = await run(
        seeds,
        (address) => {
          if (address === 'mem://a') throw redirect(to);
          throw unreachable(address);
        },
        once,
        () => answer,
      );
      expect(outcome).toBe(answer);
      expect(asked.at(-1)).toBe('mem://b');
      expect(forwarders).toEqual(['mem://a']);
      expect(events).toContainEqual({ name: 'join.forward_asked', by: 'mem://a' });
    });

    test('the next one where the first cannot; and the last word is what the last of them said', async () => {
      const { forwarders, outcome } = await run(
        seeds,
        () => {
          throw redirect('quic://z:1');
        },
        once,
        (address) => {
          throw address === 'mem://a' ? unreachable('quic://z:1') : notReady();
        },
      );
      expect(forwarders).toEqual(seeds);
      expect(outcome).toMatchObject({ code: 'JoinExhausted', cause: { code: 'NotReady' } });
    });

    test('and what a leader refuses for good by way of a member is refused for good', async () => {
      const { forwarders, outcome } = await run(
        seeds,
        () => {
          throw redirect('quic://z:1');
        },
        undefined,
        () => {
          throw new FlotillaError('NodeIdCollision', { message: 'no', details: { node: 1 } });
        },
      );
      expect(forwarders).toEqual(['mem://a']);
      expect(outcome).toMatchObject({ code: 'JoinRejected', cause: { code: 'NodeIdCollision' } });
    });

    test('but not where the leader answered by itself', async () => {
      const { forwarders } = await run(
        seeds,
        (address) => {
          if (address === 'mem://z') throw notReady();
          throw redirect('mem://z');
        },
        once,
      );
      expect(forwarders).toEqual([]);
    });
  });

  test('three redirects are followed in an attempt, and a fourth is refused', async () => {
    const { asked, events } = await run(
      ['mem://n0'],
      (address) => {
        throw redirect(`mem://n${Number(address.slice(7)) + 1}`);
      },
      { maxAttempts: 1, maxBackoffMs: 1 },
    );
    expect(asked).toEqual([
      'mem://n0',
      'mem://n1',
      'mem://n2',
      'mem://n3',
      'mem://n0',
      'mem://n1',
      'mem://n2',
      'mem://n3',
    ]);
    expect(events.filter(({ name }) => name === 'join.redirect_refused')).toEqual([
      { name: 'join.redirect_refused', redirects: 3 },
      { name: 'join.redirect_refused', redirects: 3 },
    ]);
  });

  test('attempts wait 0, 250 ms, 500 ms, 1, 2, 4, 8, 16, 32 s, announced before each wait; then it is exhausted, with the last error', async () => {
    const { attempts, events, outcome } = await run(['mem://a'], (address) => {
      throw unreachable(address);
    });
    const announcedAtMs = [0, 0, 250, 750, 1750, 3750, 7750, 15_750, 31_750];
    expect(attempts).toEqual(announcedAtMs.map((at, attempt) => [attempt, at]));
    expect(events.filter(({ name }) => name === 'join.backoff')).toHaveLength(8);
    expect(outcome).toMatchObject({ code: 'JoinExhausted', details: { attempts: 9 }, cause: { code: 'Unreachable' } });
  });

  test.each(['NodeIdCollision', 'WrongCluster', 'IncompatibleVersion', 'Unauthorized'] as const)(
    '%s ends the join at once',
    async (code) => {
      const details = { node: 1, ours: 'a', theirs: 'b', reason: 'no' };
      const { asked, outcome } = await run(['mem://a', 'mem://b'], () => {
        throw new FlotillaError(code, { message: 'no', details } as never);
      });
      expect(asked).toEqual(['mem://a']);
      expect(outcome).toMatchObject({ code: 'JoinRejected', details: { by: 'mem://a' }, cause: { code } });
    },
  );

  test('another disk under a known id ends the join at once, by its own name', async () => {
    const { asked, outcome } = await run(['mem://a', 'mem://b'], () => {
      throw new FlotillaError('UnknownIncarnation', { message: 'wiped', details: { node: 2 } });
    });
    expect(asked).toEqual(['mem://a']);
    expect(outcome).toMatchObject({ code: 'UnknownIncarnation', details: { node: 2 } });
  });

  test.each([notReady(), unreachable('mem://a'), redirect(undefined), new Error('what is this')])(
    '%s is retried',
    async (error) => {
      const { attempts, outcome } = await run(['mem://a'], (_, nth) => {
        if (nth < 3) throw error;
        return answer;
      });
      expect(attempts.map(([attempt]) => attempt)).toEqual([0, 1, 2]);
      expect(outcome).toBe(answer);
    },
  );
});

describe('a redirect', () => {
  test('yields its address in canonical form; an unrelated error and a malformed address yield none', () => {
    expect(redirectOf(redirect('WS://127.0.0.1:7001'))).toBe('ws://127.0.0.1:7001');
    expect(redirectOf(redirect('ws://[::1]:7001'))).toBe('ws://[::1]:7001');
    expect(redirectOf(redirect('ws://db.example.org:7001'))).toBe('ws://db.example.org:7001');
    expect(redirectOf(redirect('not an address'))).toBeUndefined();
    expect(redirectOf(redirect(undefined))).toBeUndefined();
    expect(redirectOf(notReady())).toBeUndefined();
    expect(redirectOf(new Error('not leader; retry at ws://127.0.0.1:7001'))).toBeUndefined();
  });
});
