import { ByteReader } from '@flotilla/bytes';
import type { PinnedSnapshot } from '@flotilla/cluster';
import type { FlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCommand, anyWatchedRange, anyWideWrite } from '../../test/arbitraries.js';
import { inRange, keyValue, type NaiveEvent, NaiveStore, text } from '../../test/naive-store.js';
import { type Command, encodeCommand, type KeyRange, putOperation } from '../protocol.js';
import { readWatchEvent, type WatchEvent } from '../protocol/watch-event.js';
import { KvStateMachine } from '../state-machine/kv-state-machine.js';
import { type WatchChunk, WatchHub, type WatchSink, type WatchSpec, type Watcher } from './watch-hub.js';

/** A sink that checks the shape of what comes, and takes it or not as its script says. */
class Recorder implements WatchSink {
  /** Whole revisions only. */
  readonly events: WatchEvent[] = [];
  readonly #open: WatchEvent[] = [];
  readonly #script: readonly boolean[];
  #at = 0;
  through = 0;
  error: FlotillaError | undefined;
  refused = false;
  readonly #compactRevision: () => number;

  constructor(script: readonly boolean[], compactRevision: () => number = () => 0) {
    this.#script = script;
    this.#compactRevision = compactRevision;
  }

  offer(chunk: WatchChunk): boolean {
    expect(this.error).toBeUndefined();
    if (this.#script.length > 0 && this.#script[this.#at++ % this.#script.length] === false) {
      this.refused = true;
      return false;
    }
    const events = chunk.events.map((bytes) => readWatchEvent(new ByteReader(bytes)));
    for (const { kv, prevKv } of events) {
      expect(kv.modRevision).toBeGreaterThan(this.through);
      expect(kv.modRevision).toBeGreaterThanOrEqual(this.#compactRevision());
      if (kv.modRevision <= this.#compactRevision()) expect(prevKv).toBeUndefined();
    }
    expect(chunk.through).toBeGreaterThanOrEqual(this.through);
    this.through = chunk.through;
    this.#open.push(...events);
    for (const { kv } of events) if (!chunk.partial) expect(kv.modRevision).toBeLessThanOrEqual(chunk.through);
    if (!chunk.partial) this.events.push(...this.#open.splice(0));
    return true;
  }

  ended(error: FlotillaError): void {
    this.error = error;
  }
}

interface Watch {
  readonly watcher: Watcher;
  readonly sink: Recorder;
  readonly spec: WatchSpec;
  readonly from: number;
}

function expected(naive: NaiveStore, watch: Watch): NaiveEvent[] {
  const { range, noPut, noDelete } = watch.spec;
  return naive.events.filter(({ key, revision, type }) => {
    const pair = { key, value: '', create: 1, mod: 1, version: 1 };
    return (
      revision >= watch.from &&
      inRange(new Map([[key, pair]]), range.key, range.end).length > 0 &&
      !(type === 'put' ? noPut : noDelete)
    );
  });
}

const brief = (event: WatchEvent): string => `${event.type} ${text(event.kv.key)} @${event.kv.modRevision}`;
const briefOf = (event: NaiveEvent): string => `${event.type} ${event.key} @${event.revision}`;

type Step =
  | { readonly do: 'command'; readonly commands: readonly Command[] }
  | {
      readonly do: 'watch';
      readonly range: KeyRange;
      readonly start: number;
      readonly flags: number;
      readonly script: readonly boolean[];
    }
  | { readonly do: 'catchUp'; readonly events: number }
  | { readonly do: 'resume' }
  | { readonly do: 'snapshot' }
  | { readonly do: 'pin' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('command' as const),
      commands: fc.array(fc.oneof(anyCommand(), anyWideWrite), { maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('watch' as const),
      range: anyWatchedRange,
      start: fc.oneof(fc.constant(0), fc.nat(15), fc.nat(60)),
      flags: fc.nat(7),
      script: fc.array(fc.boolean(), { maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('catchUp' as const), events: fc.integer({ min: 1, max: 10 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resume' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pin' as const) }) },
);

describe('watches against a naive model', () => {
  test('are ordered, unique, complete and whole by revision, whoever pauses and whatever is compacted or restored', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 40 }),
        fc.constantFrom(1, 60, 100_000),
        fc.integer({ min: 1, max: 5 }),
        async (steps, chunkBytes, turnEvents) => {
          const machine = new KvStateMachine();
          const naive = new NaiveStore();
          const hub = new WatchHub(machine.store, { chunkBytes, turnEvents });
          machine.listen({ applied: () => hub.advance(), restored: () => hub.restored(machine.store) });
          const watches: Watch[] = [];
          /** While there is one, what was compacted is still in memory. */
          let pin: PinnedSnapshot | undefined;
          const resume = (): void => {
            for (const { watcher, sink } of watches) if (sink.refused) hub.resume(watcher);
          };
          for (const step of steps) {
            if (step.do === 'command') {
              const before = naive.revision;
              const results = machine.apply(
                step.commands.map((command) => ({ index: 1, term: 1, data: encodeCommand(command) })),
              );
              step.commands.forEach((command, at) => {
                if (results[at]![0] !== 0) naive.run(command);
              });
              expect(machine.store.revision).toBe(naive.revision);
              expect(naive.revision).toBeGreaterThanOrEqual(before);
            } else if (step.do === 'watch') {
              const spec: WatchSpec = {
                keyspace: 1,
                range: step.range,
                startRevision: step.start,
                prevKv: (step.flags & 1) !== 0,
                noPut: (step.flags & 2) !== 0,
                noDelete: (step.flags & 4) !== 0,
              };
              const sink = new Recorder(step.script, () => naive.compactRevision);
              const from = step.start === 0 ? naive.revision + 1 : step.start;
              if (from < naive.compactRevision) {
                expect(() => hub.add(spec, sink)).toThrow('Compacted');
              } else {
                watches.push({ watcher: hub.add(spec, sink), sink, spec, from });
                expect(sink.events).toEqual([]);
              }
            } else if (step.do === 'catchUp') {
              hub.catchUp(step.events);
            } else if (step.do === 'resume') {
              resume();
            } else if (step.do === 'pin') {
              pin?.release();
              pin = pin === undefined ? machine.snapshot() : undefined;
            } else {
              const pinned = machine.snapshot();
              await machine.restore(pinned.read());
              pinned.release();
            }
            for (const watch of watches) {
              const wanted = expected(naive, watch).map(briefOf);
              expect(watch.sink.events.map(brief)).toEqual(wanted.slice(0, watch.sink.events.length));
            }
          }
          for (
            let round = 0;
            round < 2000 && (hub.lagging || watches.some(({ watcher }) => watcher.state === 'paused'));
            round++
          ) {
            resume();
            hub.catchUp(3);
          }
          for (const watch of watches) {
            const { sink, spec, watcher } = watch;
            const wanted = expected(naive, watch);
            const never = wanted.length > 0 && sink.error === undefined && watcher.state !== 'synced';
            if (never) continue; // Its script refuses for ever.
            if (sink.error !== undefined) {
              expect(['Compacted', 'NotReady']).toContain(sink.error.code);
              continue;
            }
            expect(sink.events.map(brief)).toEqual(wanted.map(briefOf));
            expect(hub.progress(watcher)).toBe(naive.revision);
            sink.events.forEach((event, at) => {
              const { pair, prev } = wanted[at]!;
              if (pair !== undefined) expect(event.kv).toEqual(keyValue(pair));
              if (!spec.prevKv || prev === undefined) expect(event.prevKv).toBeUndefined();
              else if (event.prevKv !== undefined) expect(event.prevKv).toEqual(keyValue(prev));
              // The pair before is there, but where the revision before had been compacted when the event was sent.
              else expect(wanted[at]!.revision).toBeLessThanOrEqual(naive.compactRevision);
            });
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function put(machine: KvStateMachine, key: string, value: string = ''): void {
  const operation = putOperation(
    Uint8Array.from(key, (char) => char.charCodeAt(0)),
    new TextEncoder().encode(value),
  );
  machine.apply([{ index: 1, term: 1, data: encodeCommand({ keyspace: 0, operation }) }]);
}

function compact(machine: KvStateMachine, revision: number): void {
  machine.apply([
    { index: 1, term: 1, data: encodeCommand({ keyspace: 0, operation: { kind: 'compact', revision } }) },
  ]);
}

describe('a watcher', () => {
  const spec: WatchSpec = {
    keyspace: 0,
    range: { key: Uint8Array.of(1), end: Uint8Array.of(0) },
    startRevision: 0,
    prevKv: false,
    noPut: false,
    noDelete: false,
  };

  test('that is slow does not hold up others, and goes on where it stopped', () => {
    const machine = new KvStateMachine();
    const hub = new WatchHub(machine.store);
    machine.listen({ applied: () => hub.advance(), restored: () => hub.restored(machine.store) });
    let open = false;
    const slow = new Recorder([]);
    const gate: WatchSink = { offer: (chunk) => open && slow.offer(chunk), ended: (error) => slow.ended(error) };
    const watcher = hub.add(spec, gate);
    const quick = new Recorder([]);
    hub.add(spec, quick);
    for (let i = 0; i < 5000; i++) put(machine, `k${i}`);
    expect(quick.events.length).toBe(5000);
    expect(slow.events.length).toBe(0);
    expect(watcher.state).toBe('paused');
    open = true;
    hub.resume(watcher);
    while (hub.catchUp(100));
    expect(slow.events.map(brief)).toEqual(quick.events.map(brief));
    put(machine, 'last');
    expect(slow.events.length).toBe(5001);
  });

  test('that is synced sees what was written in the same batch as a compaction above it', () => {
    const machine = new KvStateMachine();
    const hub = new WatchHub(machine.store);
    machine.listen({ applied: () => hub.advance(), restored: () => hub.restored(machine.store) });
    const sink = new Recorder([]);
    hub.add(spec, sink);
    const write = encodeCommand({ keyspace: 0, operation: putOperation(Uint8Array.of(97), new Uint8Array(0)) });
    const compact = encodeCommand({ keyspace: 0, operation: { kind: 'compact', revision: 20_001 } });
    const batch = [...Array.from({ length: 20_000 }, () => write), compact];
    machine.apply(batch.map((data) => ({ index: 1, term: 1, data })));
    for (let i = 0; i < 20; i++) machine.apply([]);
    expect(sink.events.length).toBe(20_000);
    expect(machine.store.stats.historyVersions).toBe(1);
  });

  test.each(['dropped', 'still pinned'])(
    'that is overtaken by compaction ends with the compaction point, also where the versions are %s',
    (memory) => {
      const machine = new KvStateMachine();
      const hub = new WatchHub(machine.store);
      machine.listen({ applied: () => hub.advance(), restored: () => hub.restored(machine.store) });
      const sink = new Recorder([false]);
      const watcher = hub.add(spec, sink);
      const pin = memory === 'dropped' ? undefined : machine.snapshot();
      for (let i = 0; i < 10; i++) put(machine, 'k');
      compact(machine, 8);
      hub.resume(watcher);
      hub.catchUp(100);
      expect(sink.error?.code).toBe('Compacted');
      expect(sink.error?.details).toEqual({ revision: 2, compactRevision: 8 });
      pin?.release();
    },
  );

  test.each(['dropped', 'still pinned'])(
    'gets no pair from below the compaction point, also where it is %s',
    (memory) => {
      const machine = new KvStateMachine();
      const hub = new WatchHub(machine.store);
      machine.listen({ applied: () => hub.advance(), restored: () => hub.restored(machine.store) });
      const pin = memory === 'dropped' ? undefined : machine.snapshot();
      for (let i = 0; i < 10; i++) put(machine, 'k');
      compact(machine, 8);
      const sink = new Recorder([]);
      hub.add({ ...spec, startRevision: 8, prevKv: true }, sink);
      hub.catchUp(100);
      expect(sink.events.map(({ kv, prevKv }) => [kv.modRevision, prevKv?.modRevision])).toEqual([
        [8, undefined],
        [9, 8],
        [10, 9],
        [11, 10],
      ]);
      pin?.release();
    },
  );
});
