import type { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { KvStateMachine } from '../state-machine/kv-state-machine.js';
import { type Watcher, WatchHub, type WatchSink, type WatchSpec } from '../watch/watch-hub.js';

/** A sink that wants to know when its watcher has caught up. */
export interface GroupWatchSink extends WatchSink {
  /** The watcher has all events up to `revision`. Called after a step that brought lagging watchers up. */
  caughtUp(revision: number): void;
}

/** The watches of one group on this node: gives them what is applied, and brings up those that lag in steps between other work. */
export class GroupWatches {
  readonly #hub: WatchHub;
  readonly #runtime: Runtime;
  readonly #stepEvents: number;
  readonly #silence: () => void;
  readonly #catchingUp = new Map<Watcher, GroupWatchSink>();
  readonly #step = (): void => this.#catchUp();
  #scheduled = false;

  constructor(machine: KvStateMachine, runtime: Runtime, stepEvents: number) {
    this.#hub = new WatchHub(machine.store);
    this.#runtime = runtime;
    this.#stepEvents = stepEvents;
    this.#silence = machine.listen({
      applied: () => this.#hub.advance(),
      restored: () => {
        this.#hub.restored(machine.store);
        this.#schedule();
      },
    });
  }

  /** Watches that have not ended. */
  get size(): number {
    return this.#hub.size;
  }

  /** @throws {FlotillaError} Compacted */
  add(spec: WatchSpec, sink: GroupWatchSink): Watcher {
    const watcher = this.#hub.add(spec, sink);
    if (watcher.state === 'behind') this.#track(watcher, sink);
    return watcher;
  }

  remove(watcher: Watcher): void {
    this.#catchingUp.delete(watcher);
    this.#hub.remove(watcher);
  }

  /** The sink of a watcher that refused has room again. */
  resume(watcher: Watcher, sink: GroupWatchSink): void {
    if (watcher.state !== 'paused') return;
    this.#hub.resume(watcher);
    this.#track(watcher, sink);
  }

  /** The revision up to which the watcher has all events, where it does not lag. */
  progress(watcher: Watcher): number | undefined {
    return this.#hub.progress(watcher);
  }

  /** Ends all watches with an error, and this with them. */
  end(error: FlotillaError): void {
    this.#silence();
    this.#catchingUp.clear();
    this.#hub.endAll(error);
  }

  #track(watcher: Watcher, sink: GroupWatchSink): void {
    this.#catchingUp.set(watcher, sink);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || !this.#hub.lagging) return;
    this.#scheduled = true;
    this.#runtime.nextTurn(this.#step);
  }

  #catchUp(): void {
    this.#scheduled = false;
    this.#hub.catchUp(this.#stepEvents);
    for (const [watcher, sink] of this.#catchingUp) {
      if (watcher.state === 'behind') continue;
      this.#catchingUp.delete(watcher);
      const revision = this.#hub.progress(watcher);
      if (revision !== undefined) sink.caughtUp(revision);
    }
    this.#schedule();
  }
}
