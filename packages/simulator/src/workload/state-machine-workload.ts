import type { ClusterNode, StateMachine } from '@flotilla/cluster';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import { checkLinearizability, drawText, HistoryRecorder } from '@flotilla/linearizability';
import { delay, withDeadline } from '@flotilla/runtime';
import type { Prng, VirtualRuntime } from '@flotilla/runtime/virtual';
import { InvariantViolation } from '../invariants/invariant.js';
import type { StateMachineSubjectOptions } from './state-machine-subject.js';
import type { Workload, WorkloadContext } from './workload.js';

/** A client waits so long for an answer, then does not know the outcome (virtual ms). */
const ANSWER_MS = 3_000;
/** A client that is refused tries elsewhere, this often. */
const ATTEMPTS_MAX = 40;
/** Pause between two attempts (virtual ms). */
const RETRY_MS = 100;
/** Steps of the model that a check may take: a bound that is the same on every machine. */
const CHECK_STEPS = 5_000_000;

/** Clients of a state machine of one's own. Each proposes to any node that holds the group, and tries another where it is refused. */
export class StateMachineWorkload<Machine extends StateMachine, State, Input, Output> implements Workload {
  readonly #context: WorkloadContext;
  readonly #options: StateMachineSubjectOptions<Machine, State, Input, Output>;
  readonly #runtime: VirtualRuntime;
  readonly #recorder = new HistoryRecorder<Input, Output>();
  readonly #clients: Promise<void>[] = [];
  #isStopped = false;
  #processes = 0;
  #acknowledged = 0;
  #undecided = 0;

  constructor(context: WorkloadContext, options: StateMachineSubjectOptions<Machine, State, Input, Output>) {
    this.#context = context;
    this.#options = options;
    this.#runtime = context.cluster.world.createRuntime();
  }

  get operations(): number {
    return this.#recorder.count;
  }

  get undecided(): number {
    return this.#undecided;
  }

  start(): Promise<void> {
    const { plan, prng } = this.#context;
    for (let number = 1; number <= plan.clients; number++) this.#clients.push(this.#client(prng.fork(number)));
    for (const client of this.#clients) this.#context.cluster.background('client', client);
    return Promise.resolve();
  }

  async #client(prng: Prng): Promise<void> {
    const { plan, cluster } = this.#context;
    let process = ++this.#processes;
    while (!this.#isStopped) {
      await delay(this.#runtime, prng.integer(1, 2 * plan.pauseMs));
      const group = prng.pick(cluster.groups.slice(1));
      const isKnown = await this.#operate(process, group, this.#options.draw(prng), prng);
      // Whoever does not know what came of its last call is a new process from now on.
      if (!isKnown) process = ++this.#processes;
    }
  }

  /** Resolves with whether the outcome is known. */
  async #operate(process: number, group: number, input: Input, prng: Prng): Promise<boolean> {
    const call = this.#recorder.invoke(process, input, `group ${group}`);
    const command = this.#options.encode(input);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const node = this.#replica(group, prng);
      try {
        if (node !== undefined) {
          this.#recorder.ok(call, await this.#answer(node, group, input, command));
          return true;
        }
      } catch (error) {
        if (!isFlotillaError(error) || error.code === 'Internal') throw error;
        if (command !== undefined && error.outcome === 'unknown') {
          this.#recorder.info(call);
          return false;
        }
      }
      await delay(this.#runtime, RETRY_MS);
    }
    this.#recorder.fail(call);
    return true;
  }

  async #answer(node: ClusterNode, group: number, input: Input, command: Uint8Array | undefined): Promise<Output> {
    const { decode, read } = this.#options;
    if (command !== undefined) {
      const { result, index, term } = await this.#bounded((signal) => node.proposeToGroup(group, command, { signal }));
      this.#acknowledged += 1;
      this.#context.cluster.observer.observe({ kind: 'acknowledged', group, index, term, command });
      return decode(result, input);
    }
    if (read === undefined) throw new TypeError('an input without a command needs `read`');
    await this.#bounded((signal) => node.readIndex(group, { signal }));
    return read(node.stateMachine(group) as Machine, input);
  }

  #bounded<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const expired = (): Error =>
      new FlotillaError('Timeout', { message: 'no answer', details: { operation: 'request', ms: ANSWER_MS } });
    return withDeadline(this.#runtime, { ms: ANSWER_MS, expired }, work);
  }

  /** Any node that holds the group, its leader as often as not; undefined while none does. */
  #replica(group: number, prng: Prng): ClusterNode | undefined {
    const { cluster } = this.#context;
    const leader = cluster.leader(group)?.running;
    if (leader !== undefined && prng.chance(0.5)) return leader;
    const holders = [...cluster.nodes.values()].flatMap(({ running }) =>
      running?.groupStatuses().some((status) => status.group === group) === true ? [running] : [],
    );
    return holders.length === 0 ? undefined : prng.pick(holders);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async probe(): Promise<void> {
    const prng = this.#context.prng.fork('probe');
    for (const group of this.#context.cluster.groups.slice(1)) {
      let input = this.#options.draw(prng);
      while (this.#options.encode(input) === undefined) input = this.#options.draw(prng);
      while (!(await this.#isDone(group, input, prng))) await delay(this.#runtime, RETRY_MS);
    }
  }

  /** Whether an operation succeeded; one that did not may be made again, for it counts as another one. */
  async #isDone(group: number, input: Input, prng: Prng): Promise<boolean> {
    const before = this.#acknowledged;
    await this.#operate(++this.#processes, group, input, prng);
    return this.#acknowledged > before;
  }

  check(): void {
    const { model } = this.#options;
    const verdict = checkLinearizability(model, this.#recorder.history(), { budget: { steps: CHECK_STEPS } });
    if (verdict.verdict === 'linearizable') return;
    if (verdict.verdict === 'unknown') {
      this.#undecided = verdict.partitions.filter((partition) => partition.verdict === 'unknown').length;
      return;
    }
    throw new InvariantViolation('linearizability', `what clients saw has no order\n${drawText(model, verdict)}`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
