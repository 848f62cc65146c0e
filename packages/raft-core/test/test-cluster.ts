import {
  asConfChangeV2,
  decodeConfChange,
  decodeConfChangeV2,
  EMPTY_CONFIGURATION,
  EntryType,
  MessageType,
  ProgressState,
  RawNode,
  Role,
  type AppendWork,
  type ApplyWork,
  type ConfState,
  type ConfChangeSingle,
  type ConfChangeTransition,
  type Entry,
  type HardState,
  type Message,
  type ProposeResult,
  type RawNodeConfig,
  type ReadState,
  type Snapshot,
  type StepResult,
  type TraceEvent,
} from '../src/index.js';
import { Disk } from './disk.js';

/** Options of all nodes of a cluster, or of one of them. */
export type NodeOptions = Partial<Omit<RawNodeConfig, 'id' | 'storage' | 'trace' | 'applied'>>;

/** The state that nodes start from. */
export interface StartState {
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
  /** The snapshot that all of them have. Default 1. */
  readonly index?: number;
  readonly term?: number;
}

/** A log to start from, by the terms of its entries, which follow the snapshot. */
export interface StartLog {
  readonly terms: readonly number[];
  readonly hardState?: Partial<HardState>;
}

/** Where a node may crash while it handles a Ready. */
export type CrashPoint = 'before-write' | 'after-write' | 'after-send';

const text = new TextEncoder();
const decoder = new TextDecoder();

/** The bytes of a word. */
export const bytes = (word: string): Uint8Array => text.encode(word);
/** The word that bytes spell. */
export const wordOf = (data: Uint8Array): string => decoder.decode(data);

const DEFAULTS: NodeOptions = { electionTicks: 10, heartbeatTicks: 1 };

/** One node: its core, its disk, its state machine, and the work it has yet to do. */
export class TestNode {
  readonly id: number;
  readonly disk: Disk;
  readonly options: NodeOptions;
  raw: RawNode;
  isUp = true;
  /** Words that the state machine has applied, in order, those of snapshots included. */
  words: string[] = [];
  appliedIndex = 0;
  appliedTerm = 0;
  confState: ConfState = EMPTY_CONFIGURATION;
  /** Committed entries as they were applied since the node was created, also those of earlier lives. */
  readonly appliedEntries: Entry[] = [];
  readonly readStates: ReadState[] = [];
  readonly events: TraceEvent[] = [];
  appendQueue: AppendWork[] = [];
  applyQueue: ApplyWork[] = [];

  constructor(id: number, disk: Disk, options: NodeOptions) {
    this.id = id;
    this.disk = disk;
    this.options = options;
    disk.newestSnapshot = () => this.takeSnapshot();
    this.raw = this.#start();
  }

  get isAsync(): boolean {
    return this.options.asyncStorageWrites ?? false;
  }

  /** Everything in memory is gone, the disk is as it was at the given moment: by default it has lost nothing. */
  restart(survivor: number = this.disk.survivors.length - 1): void {
    const image = this.disk.survivors[survivor];
    if (image === undefined) throw new Error(`there is no image ${survivor}`);
    this.disk.recover(image);
    this.appendQueue = [];
    this.applyQueue = [];
    this.isUp = true;
    this.raw = this.#start();
  }

  crash(): void {
    this.isUp = false;
  }

  /** Role, term and leader in one word, for expectations. */
  get state(): string {
    const { role, term, leader } = this.raw.status();
    const name = Object.entries(Role).find(([, value]) => value === role)?.[0] ?? '?';
    return `${name} term ${term} leader ${leader}`;
  }

  /** Terms of all entries that the core knows, from `firstIndex` on, by way of storage: settle before. */
  get logTerms(): readonly number[] {
    return this.disk.image.entries.map(({ term }) => term);
  }

  progressOf(id: number): string {
    const progress = this.raw.status().progress.find((one) => one.id === id);
    if (progress === undefined) return 'none';
    const state = Object.entries(ProgressState).find(([, value]) => value === progress.state)?.[0] ?? '?';
    return `${state} match ${progress.match} next ${progress.next}${progress.paused ? ' paused' : ''}`;
  }

  /** Saves a snapshot of the state machine, and forgets the log up to `compactTo`. */
  compact(compactTo: number = this.appliedIndex): void {
    const data = bytes(JSON.stringify(this.words));
    this.disk.saveSnapshot(this.appliedIndex, this.confState, data, compactTo);
  }

  /** The state machine at the last index that it has applied. */
  takeSnapshot(): Snapshot {
    const { appliedIndex: index, appliedTerm: term, confState } = this;
    return { index, term, confState, data: bytes(JSON.stringify(this.words)) };
  }

  restoreSnapshot(snapshot: Snapshot): void {
    if (snapshot.index <= this.appliedIndex) return;
    this.words = snapshot.data.length === 0 ? [] : (JSON.parse(wordOf(snapshot.data)) as string[]);
    this.appliedIndex = snapshot.index;
    this.appliedTerm = snapshot.term;
    this.confState = snapshot.confState;
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index <= this.appliedIndex) continue;
      if (entry.index !== this.appliedIndex + 1) {
        throw new Error(`node ${this.id} applies ${entry.index} after ${this.appliedIndex}`);
      }
      this.appliedIndex = entry.index;
      this.appliedTerm = entry.term;
      this.appliedEntries.push(entry);
      this.#applyOne(entry);
    }
  }

  #applyOne({ type, index, data }: Entry): void {
    if (type === EntryType.Normal) {
      if (data.length > 0) this.words.push(wordOf(data));
      return;
    }
    const change = type === EntryType.ConfChange ? decodeConfChange(data) : decodeConfChangeV2(data);
    if (change.kind === 'malformed') throw new Error(`conf change at ${index} is malformed`);
    this.confState = this.raw.applyConfChange(asConfChangeV2(change), index);
  }

  #start(): RawNode {
    const { snapshot } = this.disk.image;
    this.words = [];
    this.appliedIndex = 0;
    this.appliedTerm = 0;
    this.confState = EMPTY_CONFIGURATION;
    this.restoreSnapshot(snapshot);
    return new RawNode({
      electionTicks: 10,
      heartbeatTicks: 1,
      electionJitter: () => 0,
      ...DEFAULTS,
      ...this.options,
      id: this.id,
      storage: this.disk,
      applied: snapshot.index,
      trace: (event) => this.events.push(event),
    });
  }
}

/** Nodes and the messages between them. Nothing happens by itself: the test decides what is done next. */
export class TestCluster {
  readonly nodes: Map<number, TestNode> = new Map();
  /** On their way, oldest first. */
  messages: Message[] = [];
  /** Every message that was ever sent. */
  readonly sent: Message[] = [];
  #losses: ((message: Message) => boolean)[] = [];

  /** Nodes that all start from the same snapshot and an empty log. */
  static of(start: StartState, options: NodeOptions = {}): TestCluster {
    const cluster = new TestCluster();
    for (const id of [...start.voters, ...(start.learners ?? [])]) cluster.add(id, start, options);
    return cluster;
  }

  add(id: number, start: StartState | undefined, options: NodeOptions = {}, log?: StartLog): TestNode {
    const disk = new Disk();
    if (start !== undefined) {
      const { voters, learners = [], index = 1, term = 1 } = start;
      const confState = { ...EMPTY_CONFIGURATION, voters, learners };
      const snapshot: Snapshot = { index, term, confState, data: new Uint8Array() };
      const entries = (log?.terms ?? []).map((entryTerm, at) => entryOf(entryTerm, index + 1 + at));
      const hardState = { term: 0, vote: 0, commit: index, ...log?.hardState };
      disk.write({ snapshot, hardState, entries }, true);
    }
    const node = new TestNode(id, disk, options);
    this.nodes.set(id, node);
    return node;
  }

  node(id: number): TestNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  raw(id: number): RawNode {
    return this.node(id).raw;
  }

  get all(): readonly TestNode[] {
    return [...this.nodes.values()];
  }

  /** The nodes that think they lead. */
  get leaders(): readonly number[] {
    return this.all.filter((node) => node.isUp && node.raw.status().role === Role.Leader).map(({ id }) => id);
  }

  // What the network does.

  /** From now on messages of this kind are lost when they are due. */
  lose(isLost: (message: Message) => boolean): void {
    this.#losses.push(isLost);
  }

  loseType(type: MessageType): void {
    this.lose((message) => message.type === type);
  }

  /** Nothing passes between the node and the others. */
  isolate(id: number): void {
    this.lose(({ from, to }) => from !== to && (from === id || to === id));
  }

  /** Messages pass within each group only. */
  partition(...groups: readonly (readonly number[])[]): void {
    this.lose(({ from, to }) => !groups.some((group) => group.includes(from) && group.includes(to)));
  }

  heal(): void {
    this.#losses = [];
  }

  /** Messages that are on their way and match are gone for good. */
  drop(matches: (message: Message) => boolean = () => true): readonly Message[] {
    const dropped = this.messages.filter(matches);
    this.messages = this.messages.filter((message) => !matches(message));
    return dropped;
  }

  /** Delivers what matches, oldest first, and nothing that is sent meanwhile. */
  deliver(matches: (message: Message) => boolean = () => true): readonly StepResult[] {
    const due = this.drop(matches);
    return due.filter((message) => !this.#isLost(message)).map((message) => this.step(message));
  }

  step(message: Message): StepResult {
    const node = this.nodes.get(message.to);
    return node?.isUp === true ? node.raw.step(message) : 'ok';
  }

  #isLost(message: Message): boolean {
    return this.#losses.some((isLost) => isLost(message));
  }

  send(messages: readonly Message[]): void {
    this.messages.push(...messages);
    this.sent.push(...messages);
  }

  // What nodes do.

  /**
   * Handles one Ready, and in the asynchronous mode queues its works. False when there was none.
   * The node crashes at the given point on the way, if any.
   */
  ready(node: TestNode, crashAt?: CrashPoint): boolean {
    if (!node.isUp || !node.raw.hasReady()) return false;
    const ready = node.raw.ready();
    if (crashAt === 'before-write') return this.#crash(node);
    node.readStates.push(...ready.readStates);
    if (node.isAsync) {
      this.send(ready.messages);
      if (ready.append !== undefined) node.appendQueue.push(ready.append);
      if (ready.apply !== undefined) node.applyQueue.push(ready.apply);
      return crashAt === undefined || this.#crash(node);
    }
    const { hardState, snapshot, entries, mustSync } = ready;
    node.disk.write({ hardState, snapshot, entries }, mustSync || snapshot !== undefined);
    if (crashAt === 'after-write') return this.#crash(node);
    this.send(ready.messages);
    if (crashAt === 'after-send') return this.#crash(node);
    if (snapshot !== undefined) node.restoreSnapshot(snapshot);
    node.apply(ready.committedEntries);
    node.raw.advance();
    return true;
  }

  #crash(node: TestNode): true {
    node.crash();
    return true;
  }

  /** The oldest write of the asynchronous mode becomes durable. False when none waits. */
  finishAppend(node: TestNode): boolean {
    const work = node.appendQueue.shift();
    if (work === undefined) return false;
    const { hardState, snapshot, entries, responses } = work;
    node.disk.write({ hardState, snapshot, entries }, responses.length > 0);
    if (snapshot !== undefined) node.restoreSnapshot(snapshot);
    this.#respond(node, responses);
    return true;
  }

  /** The oldest work of the state machine in the asynchronous mode is done. False when none waits. */
  finishApply(node: TestNode): boolean {
    const work = node.applyQueue.shift();
    if (work === undefined) return false;
    node.apply(work.entries);
    this.#respond(node, work.responses);
    return true;
  }

  #respond(node: TestNode, responses: readonly Message[]): void {
    for (const response of responses) {
      if (response.to === node.id) node.raw.step(response);
      else this.send([response]);
    }
  }

  /** Lets all nodes, or the given ones, work and hear each other until nothing moves. */
  settle(...ids: readonly number[]): void {
    const nodes = ids.length === 0 ? this.all : ids.map((id) => this.node(id));
    const included = new Set(nodes.map(({ id }) => id));
    for (let rounds = 0, isBusy = true; isBusy; rounds++) {
      if (rounds > 10_000) throw new Error('the cluster does not settle');
      isBusy = false;
      for (const node of nodes) {
        if (!node.isUp) continue;
        while (this.ready(node)) isBusy = true;
        while (this.finishAppend(node)) isBusy = true;
        while (this.finishApply(node)) isBusy = true;
      }
      if (this.deliver(({ to }) => included.has(to)).length > 0) isBusy = true;
    }
  }

  tick(id: number, times: number = 1): void {
    for (let tick = 0; tick < times; tick++) this.raw(id).tick();
  }

  /** Ticks all running nodes in step, and settles after each tick. */
  pass(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) {
      for (const node of this.all) if (node.isUp) node.raw.tick();
      this.settle();
    }
  }

  /** The node campaigns, and wins as far as the others let it. */
  elect(id: number): void {
    this.raw(id).campaign();
    this.settle();
  }

  propose(id: number, ...words: readonly string[]): ProposeResult {
    return this.raw(id).propose(words.map(bytes));
  }

  proposeChanges(id: number, transition: ConfChangeTransition, ...changes: readonly ConfChangeSingle[]): ProposeResult {
    return this.raw(id).proposeConfChange({ kind: 'v2', transition, changes, context: new Uint8Array() });
  }

  /** The messages on their way, in short: `1->2 App 3/5 [2] commit 4`. */
  get inFlight(): readonly string[] {
    return this.messages.map(describe);
  }
}

/** An entry whose payload tells its place. */
export function entryOf(term: number, index: number, word: string = `${term}/${index}`): Entry {
  return { term, index, type: EntryType.Normal, data: bytes(word) };
}

/** Type names by number. */
export const typeName = (type: number): string =>
  Object.entries(MessageType).find(([, value]) => value === type)?.[0] ?? String(type);

/** A message in short. */
export function describe(message: Message): string {
  const { from, to, type, term, logTerm, index, entries, commit, reject } = message;
  const count = entries.length > 0 ? ` [${entries.length}]` : '';
  return `${from}->${to} ${typeName(type)} term ${term} at ${logTerm}/${index}${count} commit ${commit}${reject ? ' rejected' : ''}`;
}
