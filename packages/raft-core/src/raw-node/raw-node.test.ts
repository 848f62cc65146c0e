import { describe, expect, test } from 'vitest';
import {
  ConfChangeType,
  createMessage,
  encodeConfChange,
  EntryType,
  LOCAL_APPEND_THREAD,
  MemoryStorage,
  MessageType,
  RawNode,
  Role,
  type Message,
  type RawNodeConfig,
} from '../index.js';

/** One node, its storage and its mail, driven by hand. */
class Host {
  readonly storage = new MemoryStorage();
  readonly node: RawNode;
  inbox: Message[] = [];
  applied: string[] = [];
  private readonly isAsync: boolean;

  constructor(id: number, voters: readonly number[], options: Partial<RawNodeConfig> = {}) {
    this.isAsync = options.asyncStorageWrites ?? false;
    const confState = { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
    this.storage.applySnapshot({ index: 1, term: 1, confState, data: new Uint8Array(0) });
    this.node = new RawNode({
      id,
      electionTicks: 10,
      heartbeatTicks: 1,
      electionJitter: () => 0,
      storage: this.storage,
      ...options,
    });
  }

  /** Does one Ready; its messages go to `deliver`. */
  work(deliver: (message: Message) => void): void {
    const { node, storage } = this;
    const ready = node.ready();
    if (ready.hardState !== undefined) storage.setHardState(ready.hardState);
    if (ready.snapshot !== undefined) storage.applySnapshot(ready.snapshot);
    storage.append(ready.entries);
    for (const message of ready.messages) deliver(message);
    for (const entry of ready.committedEntries) {
      if (entry.type === EntryType.Normal && entry.data.length > 0) {
        this.applied.push(String.fromCharCode(...entry.data));
      }
    }
    if (!this.isAsync) {
      node.advance();
      return;
    }
    for (const message of ready.append?.responses ?? []) deliver(message);
    for (const message of ready.apply?.responses ?? []) deliver(message);
  }
}

function cluster(options: Partial<RawNodeConfig> = {}): Host[] {
  return [1, 2, 3].map((id) => new Host(id, [1, 2, 3], options));
}

/** Runs until nothing moves. */
function pump(hosts: readonly Host[]): void {
  for (let moved = true; moved;) {
    moved = false;
    for (const host of hosts) {
      const { inbox } = host;
      host.inbox = [];
      for (const message of inbox) {
        moved = true;
        expect(host.node.step(message)).toBe('ok');
      }
      while (host.node.hasReady()) {
        moved = true;
        host.work((message) => hosts.find(({ node }) => node.id === message.to)?.inbox.push(message));
      }
    }
  }
}

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe.each([false, true])('asynchronous storage writes: %s', (asyncStorageWrites) => {
  test('three nodes elect, replicate, commit and apply', () => {
    const hosts = cluster({ asyncStorageWrites, checkQuorum: true, preVote: true });
    const [first] = hosts as [Host, Host, Host];
    first.node.campaign();
    pump(hosts);
    expect(hosts.map(({ node }) => [node.role, node.leader, node.term])).toEqual([
      [Role.Leader, 1, 1],
      [Role.Follower, 1, 1],
      [Role.Follower, 1, 1],
    ]);
    const result = first.node.propose([bytes('a'), bytes('b')]);
    expect(result).toEqual({ ok: true, term: 1, index: 3, last: 4, replaced: undefined });
    pump(hosts);
    for (const { applied, node } of hosts) {
      expect(applied).toEqual(['a', 'b']);
      expect([node.commit, node.applied, node.lastIndex]).toEqual([4, 4, 4]);
    }
  });

  test('a single node commits alone', () => {
    const host = new Host(1, [1], { asyncStorageWrites });
    host.node.campaign();
    pump([host]);
    expect(host.node.role).toBe(Role.Leader);
    expect(host.node.propose([bytes('x')]).ok).toBe(true);
    pump([host]);
    expect(host.applied).toEqual(['x']);
  });
});

describe('what a peer may not make of a node', () => {
  const config = { term: 5, to: 1, from: 2 } as const;
  const entry = (term: number, index: number) => ({ term, index, type: EntryType.Normal, data: new Uint8Array(0) });
  test.each([
    ['a term of 2^53', { ...config, type: MessageType.Heartbeat, term: 2 ** 53 }, 'malformed'],
    ['a negative term', { ...config, type: MessageType.Heartbeat, term: -1 }, 'malformed'],
    ['a fractional index', { ...config, type: MessageType.App, index: 1.5 }, 'malformed'],
    ['an unknown type', { ...config, type: 99 as MessageType }, 'unknown-type'],
    [
      'a gap between entries',
      { ...config, type: MessageType.App, index: 1, logTerm: 1, entries: [entry(1, 3)] },
      'entries-out-of-order',
    ],
    [
      'falling terms',
      { ...config, type: MessageType.App, index: 1, logTerm: 4, entries: [entry(3, 2)] },
      'entries-out-of-order',
    ],
    [
      'entries of a later term',
      { ...config, type: MessageType.App, index: 1, logTerm: 1, entries: [entry(6, 2)] },
      'entries-out-of-order',
    ],
    ['a commit beyond the log', { ...config, type: MessageType.Heartbeat, commit: 100 }, 'commit-beyond-log'],
    ['a local message', { ...config, type: MessageType.Hup }, 'local-message'],
    ['a message for another', { ...config, type: MessageType.Heartbeat, to: 3 }, 'misrouted'],
    ['a response of a stranger', { ...config, type: MessageType.AppResp, from: 9 }, 'peer-not-found'],
    ['a snapshot of nothing', { ...config, type: MessageType.Snap }, 'malformed-snapshot'],
    [
      'an unreadable change of membership',
      {
        type: MessageType.Prop,
        to: 1,
        from: 2,
        entries: [{ ...entry(0, 0), type: EntryType.ConfChange, data: bytes('?') }],
      },
      'malformed-conf-change',
    ],
  ] as const)('%s is refused', (_, fields, verdict) => {
    const host = new Host(1, [1, 2, 3]);
    expect(host.node.step(createMessage(fields))).toBe(verdict);
    expect(host.node.commit).toBe(1);
    expect(host.node.lastIndex).toBe(1);
  });

  test('entries that would replace committed ones are answered by what is committed', () => {
    const hosts = cluster();
    const [first, second] = hosts as [Host, Host, Host];
    first.node.campaign();
    pump(hosts);
    const lie = { type: MessageType.App, to: 2, from: 3, term: 9, index: 1, logTerm: 1, entries: [entry(9, 2)] };
    expect(second.node.step(createMessage(lie))).toBe('ok');
    expect([second.node.commit, second.node.termAt(2)]).toEqual([2, 1]);
    expect(second.node.ready().messages).toMatchObject([{ type: MessageType.AppResp, index: 2, reject: false }]);
  });

  test('an acknowledgement of what was never sent is refused', () => {
    const hosts = cluster();
    const [first] = hosts as [Host, Host, Host];
    first.node.campaign();
    pump(hosts);
    const base = { to: 1, from: 2, term: 1 } as const;
    expect(first.node.step(createMessage({ ...base, type: MessageType.AppResp, index: 1000 }))).toBe('beyond-log');
    expect(first.node.step(createMessage({ ...base, type: MessageType.HeartbeatResp, context: 1 }))).toBe('beyond-log');
    expect(first.node.match(2)).toBe(2);
  });
});

test('a storage response of another node is not taken for our own', () => {
  const host = new Host(1, [1, 2, 3]);
  const message = { type: MessageType.StorageAppendResp, to: 1, from: 2, term: 1, index: 1, logTerm: 1 };
  expect(host.node.step(createMessage({ ...message }))).toBe('local-message');
  expect(host.node.step(createMessage({ ...message, from: LOCAL_APPEND_THREAD }))).toBe('ok');
});

test('a membership change that was handed out before a snapshot, and is applied after it, is skipped', () => {
  const host = new Host(1, [1, 2, 3], { asyncStorageWrites: true });
  const { node } = host;
  const change = { kind: 'v1', type: ConfChangeType.AddLearnerNode, nodeId: 4, context: new Uint8Array(0) } as const;
  const data = encodeConfChange(change);
  const entries = [{ term: 1, index: 2, type: EntryType.ConfChange, data }];
  const fromLeader = { to: 1, from: 2, term: 1 } as const;
  node.step(createMessage({ ...fromLeader, type: MessageType.App, index: 1, logTerm: 1, entries, commit: 2 }));
  const { append } = node.ready();
  host.storage.append(entries);
  for (const response of append?.responses ?? []) if (response.to === 1) node.step(response);
  expect(node.ready().apply?.entries).toEqual(entries);
  const confState = { voters: [1, 2, 3], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
  const snapshot = { index: 9, term: 1, confState, data: new Uint8Array(0) };
  node.step(createMessage({ ...fromLeader, type: MessageType.Snap, snapshot }));
  expect(node.applyConfChange(change, 2)).toEqual(confState);
  expect(node.applyConfChange(change, 10).learners).toEqual([4]);
});
