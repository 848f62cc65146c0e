import type { Runtime } from '@flotilla/runtime';
import { GROUP_WIDE_VSHARD } from '@flotilla/kv/protocol';
import { CLIENT_ID_BYTES, encodeSessionEnvelope } from '@flotilla/wire';
import { ClientSession } from './client-session.js';

/** The sessions of a client, at most one for each vShard and for each group. */
export class ClientSessions {
  readonly #runtime: Runtime;
  readonly #ttlMs: number;
  readonly #sessions = new Map<number, ClientSession>();

  constructor(runtime: Runtime, ttlMs: number) {
    this.#runtime = runtime;
    this.#ttlMs = ttlMs;
  }

  /**
   * The session for commands of a vShard, or of a whole group; a new one, to be registered, where there is none or the one
   * there was idle for so long that it has expired.
   *
   * A client id is registered once only. A session that expired is followed by one of another id, so that a repetition of an
   * old command can never find a session that does not remember it.
   */
  use(vshard: number, group: number): ClientSession {
    const key = keyOf(vshard, group);
    const known = this.#sessions.get(key);
    const now = this.#runtime.now();
    if (known !== undefined && (known.state === 'opening' || known.isBusy || now - known.usedAt < this.#ttlMs)) {
      known.usedAt = now;
      known.group = group;
      return known;
    }
    const session = new ClientSession(this.#runtime.randomBytes(CLIENT_ID_BYTES), vshard);
    session.usedAt = now;
    session.group = group;
    this.#sessions.set(key, session);
    return session;
  }

  /** The session for commands of a vShard, or of a whole group, where there is one. */
  peek(vshard: number, group: number): ClientSession | undefined {
    return this.#sessions.get(keyOf(vshard, group));
  }

  /** A session is not to be used again. */
  end(session: ClientSession, group: number): void {
    session.state = 'ended';
    const key = keyOf(session.vshard, group);
    if (this.#sessions.get(key) === session) this.#sessions.delete(key);
  }

  /** For each group, the envelope that ends the sessions in it which nothing waits for; the sessions are forgotten. */
  endAll(): { readonly group: number; readonly envelope: Uint8Array }[] {
    const byGroup = new Map<number, ClientSession[]>();
    for (const session of this.#sessions.values()) {
      if (session.state !== 'open' || session.isBusy) continue;
      const list = byGroup.get(session.group);
      if (list === undefined) byGroup.set(session.group, [session]);
      else list.push(session);
    }
    this.#sessions.clear();
    return [...byGroup].map(([group, list]) => ({
      group,
      envelope: encodeSessionEnvelope({
        kind: 'expire',
        sessions: list.map(({ clientId, vshard, lastSequence }) => ({ clientId, vshard, sequence: lastSequence })),
      }),
    }));
  }
}

/** Sessions of group-wide commands are told apart by their group. */
function keyOf(vshard: number, group: number): number {
  return vshard === GROUP_WIDE_VSHARD ? GROUP_WIDE_VSHARD + group : vshard;
}
