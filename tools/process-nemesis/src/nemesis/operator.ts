import { FlotillaAdmin, type MemberReport } from '@flotilla/client';
import { isFlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import { webSocketTransport } from '@flotilla/transport-ws';
import type { Fleet } from '../processes/fleet.js';
import type { ServerProcess } from '../processes/server-process.js';
import { sleep } from '../processes/until.js';

/** One attempt of a change of members, in ms; it is made again until it is done. */
const ATTEMPT_MS = 15_000;
/** Between two attempts, in ms. */
const REST_MS = 300;

/** A change of members that was begun and must be brought to its end, however often it takes. */
interface Change {
  /** The node that is to leave. */
  readonly leaving: number;
  /** The process of the node that comes in its place; undefined: none does. */
  readonly by: ServerProcess | undefined;
  /** The place that is free once the change is done. */
  readonly vacate: ServerProcess | undefined;
}

/** Changes the members of the cluster as a person does: starts processes, asks for a change, asks again where it failed. */
export class Operator {
  /** What attempts failed with, for whoever looks into a run that did not settle. */
  readonly complaints: string[] = [];
  readonly #fleet: Fleet;
  #change: Change | undefined;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Whether its place is part of a change that is not done. */
  isChanging(server: ServerProcess): boolean {
    return this.#change?.by === server || this.#change?.vacate === server;
  }

  /** Addresses that a process is started with. */
  get seeds(): string[] {
    return this.#fleet.places.filter((server) => server.isTaken).map((server) => server.listen);
  }

  /** Brings what was begun to its end. False where that could not be done before the signal aborted. */
  async finish(signal: AbortSignal): Promise<boolean> {
    for (let change = this.#change; change !== undefined; change = this.#change) {
      if (signal.aborted) return false;
      if (await this.#attempt(change, signal)) {
        await change.vacate?.vacate();
        this.#change = undefined;
      } else await sleep(REST_MS, signal);
    }
    return true;
  }

  /** Starts a process on an empty disk and waits until it serves; false where the signal aborted before that. */
  async join(server: ServerProcess, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      // One that gave up joining, or was killed meanwhile, is started again.
      server.start(this.seeds.filter((seed) => seed !== server.listen));
      server.tolerateEnd();
      const report = await server.report().catch(() => undefined);
      if (report?.lifecycle === 'ready') {
        server.expectLife();
        return true;
      }
      await sleep(REST_MS, signal);
    }
    return false;
  }

  /** Takes the member at a place out; the place is free then. */
  async remove(server: ServerProcess, signal: AbortSignal): Promise<boolean> {
    const leaving = await idOf(server);
    if (leaving === undefined) return false;
    this.#change = { leaving, by: undefined, vacate: server };
    return await this.finish(signal);
  }

  /** Puts one running process in the place of another, whose place is free then. */
  async replace(server: ServerProcess, by: ServerProcess, signal: AbortSignal): Promise<boolean> {
    const leaving = await idOf(server);
    if (leaving === undefined) return false;
    this.#change = { leaving, by, vacate: server };
    return await this.finish(signal);
  }

  /** Kills a process, wipes its disk, lets it join anew and replaces the node that it was. */
  async replaceWiped(server: ServerProcess, signal: AbortSignal): Promise<boolean> {
    const leaving = await idOf(server);
    if (leaving === undefined) return false;
    this.#change = { leaving, by: server, vacate: undefined };
    await server.kill();
    await server.disk.wipe();
    return await this.finish(signal);
  }

  /** Takes out the members that no process is any more, such as one that joined and was wiped before it was known. */
  async sweep(signal: AbortSignal): Promise<boolean> {
    const present = await this.#idsOfAll(signal);
    if (present === undefined) return false;
    for (const member of await this.#members()) {
      if (member.state === 'decommissioned' || present.has(member.id)) continue;
      this.#change = { leaving: member.id, by: undefined, vacate: undefined };
      if (!(await this.finish(signal))) return false;
    }
    return true;
  }

  /** The ids of all processes, once each has said that it serves; undefined where the signal aborted before that. */
  async #idsOfAll(signal: AbortSignal): Promise<ReadonlySet<number> | undefined> {
    for (; !signal.aborted; await sleep(REST_MS, signal)) {
      const taken = this.#fleet.places.filter((server) => server.isTaken);
      // One that was ending when it was to be started is started now.
      for (const server of taken) server.start(this.seeds);
      const reports = [...(await this.#fleet.reports()).values()];
      const areReady = reports.every(({ lifecycle }) => lifecycle === 'ready');
      if (areReady && reports.length === taken.length) return new Set(reports.map(({ id }) => id));
    }
    return undefined;
  }

  /** Hands a leadership over. False where that did not come about. */
  async transfer(group: number, to: number): Promise<boolean> {
    const timeoutMs = 3_000;
    return await this.#ask('transfer', async (admin) => await admin.transfer(group, to, { timeoutMs }));
  }

  async #attempt({ leaving, by, vacate }: Change, signal: AbortSignal): Promise<boolean> {
    // A process that leaves ends in good order or by itself, as soon as it hears that it is out.
    vacate?.tolerateEnd();
    if (by !== undefined && !(await this.join(by, signal))) return false;
    const coming = by === undefined ? undefined : await idOf(by);
    if (by !== undefined && coming === undefined) return false;
    const options = { timeoutMs: ATTEMPT_MS };
    const isDone = await this.#ask(`taking out node ${leaving}`, async (admin) => {
      if (coming === undefined) await admin.members.remove(leaving, options);
      else await admin.members.replace(leaving, coming, options);
    });
    return isDone || (await this.#isOut(leaving));
  }

  async #isOut(leaving: number): Promise<boolean> {
    const members = await this.#members();
    const member = members.find(({ id }) => id === leaving);
    if (members.length === 0) return false;
    return member === undefined || (member.state === 'decommissioned' && member.voterOf.length === 0);
  }

  async #members(): Promise<readonly MemberReport[]> {
    let members: readonly MemberReport[] = [];
    await this.#ask('the list of members', async (admin) => {
      members = await admin.members.list({ timeoutMs: 3_000 });
    });
    return members;
  }

  async #ask(what: string, request: (admin: FlotillaAdmin) => Promise<unknown>): Promise<boolean> {
    await using transport = webSocketTransport({ runtime: systemRuntime });
    try {
      await using admin = FlotillaAdmin.open({
        endpoints: this.#fleet.endpoints,
        transports: [transport],
        runtime: systemRuntime,
      });
      await request(admin);
      return true;
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
      this.complaints.push(`${what}: ${error.message}`);
      return false;
    }
  }
}

/** The node id of a process; undefined where it does not say. */
async function idOf(server: ServerProcess): Promise<number | undefined> {
  const report = await server.report().catch(() => undefined);
  return report === undefined || report.id === 0 ? undefined : report.id;
}
