import { FlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { beforeEach, describe, expect, test } from 'vitest';
import { createLogger } from '../log/logger.js';
import { IdentityKeeper, type NodeRecord } from './identity-keeper.js';
import {
  type Authority,
  createAuthority,
  createLeaf,
  type LeafRequest,
  openAuthority,
  renewCertificate,
} from './issue.js';
import { type IdentityTexts, judgeIdentity } from './server-identity.js';

const DAY_MS = 86_400_000;
const POLL_MS = 60_000;
const request = (days: number): LeafRequest => ({
  role: 'node',
  name: 'it',
  nodeId: 3,
  hosts: [],
  audience: 'nodes',
  days,
});

/** A server's certificates in files that a test changes, on a clock that it moves. */
class World {
  readonly virtual = new VirtualWorld({ seed: 1 });
  readonly runtime = this.virtual.createRuntime();
  readonly log: string[] = [];
  readonly applied: IdentityTexts[] = [];
  files: IdentityTexts | Error;
  record: NodeRecord = { nodeId: 3, spkiPins: [] };
  unusable: string | undefined;
  readonly keeper: IdentityKeeper;

  readonly authority: Authority;
  readonly first: IdentityTexts;

  constructor(authority: Authority, first: IdentityTexts, pollMs = POLL_MS) {
    this.authority = authority;
    this.first = first;
    this.files = first;
    this.keeper = new IdentityKeeper({
      runtime: this.runtime,
      logger: createLogger({
        level: 'info',
        format: 'text',
        write: (line) => this.log.push(line.replace(/^\S+ (\w+) +/, '$1 ').trim()),
        wallClock: () => 0,
      }),
      identity: judgeIdentity(first, { nowMs: this.runtime.wallClock(), nodeId: 3 }),
      read: () => (this.files instanceof Error ? Promise.reject(this.files) : Promise.resolve(this.files)),
      record: () => this.record,
      apply: (tls) => {
        this.applied.push(tls);
        if (tls.cert === this.unusable) throw new Error('a transport says no');
      },
      pollMs,
      addresses: ['quic://127.0.0.1:7101'],
    });
  }

  static async start(days: number, pollMs?: number): Promise<World> {
    const now = new VirtualWorld({ seed: 1 }).createRuntime().wallClock();
    const made = await createAuthority('ca', 1_000, now);
    const authority = await openAuthority(made.cert, made.key);
    return new World(authority, { ca: made.cert, ...(await createLeaf(authority, request(days), now)) }, pollMs);
  }

  async renewed(): Promise<IdentityTexts> {
    const cert = await renewCertificate(this.authority, this.first.cert, { days: 50 }, this.runtime.wallClock());
    return { ...this.first, cert };
  }

  async otherKey(): Promise<IdentityTexts> {
    return { ...this.first, ...(await createLeaf(this.authority, request(50), this.runtime.wallClock())) };
  }

  family(name: string): unknown {
    return this.keeper
      .metrics()
      .find((family) => family.name === name)
      ?.samples.map(({ labels, value }) => [...Object.values(labels), value]);
  }
}

let world: World;
beforeEach(async () => {
  world = await World.start(100);
});

describe('certificates of a running server', () => {
  test('are taken once they were renewed, at the next look and at a signal', async () => {
    await world.virtual.advance(3 * POLL_MS);
    expect(world.applied).toEqual([]);
    const renewed = await world.renewed();
    world.files = renewed;
    await world.virtual.advance(POLL_MS);
    expect(world.applied).toEqual([renewed]);
    expect(world.log.at(-1)).toMatch(/^info certificate\.taken commonName=it spkiPin=/);
    world.files = await world.renewed();
    await world.keeper.reload();
    expect(world.applied).toHaveLength(2);
    expect(world.family('flotilla_certificate_reloads_total')).toEqual([
      ['taken', 2],
      ['refused', 0],
    ]);
  });

  test('are looked at only when asked, where they are not polled', async () => {
    world = await World.start(100, 0);
    world.files = await world.renewed();
    await world.virtual.advance(DAY_MS);
    expect(world.applied).toEqual([]);
    await world.keeper.reload();
    expect(world.applied).toHaveLength(1);
  });

  test('stay where new ones cannot be used, which is said once, until they can', async () => {
    const other = await world.otherKey();
    world.files = { ...world.first, cert: other.cert };
    await world.virtual.advance(5 * POLL_MS);
    expect(world.applied).toEqual([]);
    expect(world.log.filter((line) => line.startsWith('error certificate.not_taken'))).toHaveLength(1);
    expect(world.log.at(-1)).toContain('not the key of the certificate');
    world.files = other;
    await world.virtual.advance(POLL_MS);
    expect(world.applied).toEqual([other]);
    world.files = new FlotillaError('InvalidConfig', { message: 'gone', details: { key: 'tlsKey', reason: 'gone' } });
    await world.virtual.advance(5 * POLL_MS);
    expect(world.log.filter((line) => line.includes('gone'))).toHaveLength(1);
  });

  test('stay where a transport cannot use new ones: all transports then have the former', async () => {
    const renewed = await world.renewed();
    world.unusable = renewed.cert;
    world.files = renewed;
    await world.virtual.advance(POLL_MS);
    expect(world.applied).toEqual([renewed, world.first]);
    expect(world.keeper.status().sha256).toBe(
      judgeIdentity(world.first, { nowMs: world.runtime.wallClock(), nodeId: 3 }).certificate.sha256,
    );
    expect(world.log.at(-1)).toContain('a transport says no');
  });

  test('stay where new ones are of another node', async () => {
    const now = world.runtime.wallClock();
    world.files = {
      ...world.first,
      ...(await createLeaf(world.authority, { ...request(9), nodeId: 4 } as LeafRequest, now)),
    };
    await world.keeper.reload();
    expect(world.applied).toEqual([]);
    expect(world.log.at(-1)).toContain('certificate of node 4, and this is node 3');
  });

  test('with another key are taken once that is on record, and not before: others would refuse the node', async () => {
    const other = await world.otherKey();
    const { spkiPin } = judgeIdentity(other, { nowMs: world.runtime.wallClock(), nodeId: 3 }).certificate;
    world.record = { nodeId: 3, spkiPins: [world.keeper.status().spkiPin] };
    world.files = other;
    await world.virtual.advance(3 * POLL_MS);
    expect(world.applied).toEqual([]);
    expect(world.log.filter((line) => line.includes(`members pin 3 --add ${spkiPin}`))).toHaveLength(1);
    world.record = { nodeId: 3, spkiPins: [...world.record.spkiPins, spkiPin] };
    await world.virtual.advance(POLL_MS);
    expect(world.applied).toEqual([other]);
  });

  test('whose key is not on record are told of, once for each record', () => {
    const missing = (): string[] => world.log.filter((line) => line.startsWith('error certificate.key_not_on_record'));
    world.keeper.recordChanged();
    expect(missing()).toEqual([]);
    world.record = { nodeId: 3, spkiPins: ['ab'.repeat(32)] };
    world.keeper.recordChanged();
    world.keeper.recordChanged();
    expect(missing()).toHaveLength(1);
    world.record = { nodeId: 3, spkiPins: ['ab'.repeat(32), world.keeper.status().spkiPin] };
    world.keeper.recordChanged();
    expect(missing()).toHaveLength(1);
  });

  test('that run out are told of once a day from 30 days before, and at once when they have', async () => {
    const said = (what: string): number => world.log.filter((line) => line.includes(what)).length;
    // A timer a minute over a hundred days is not what is tested.
    world = await World.start(100, 0);
    await world.virtual.advance(69 * DAY_MS);
    expect(said('certificate.expires_soon')).toBe(0);
    await world.virtual.advance(5 * DAY_MS);
    expect(said('certificate.expires_soon')).toBe(0);
    await world.virtual.advance(10 * DAY_MS);
    expect(said('certificate.expires_soon')).toBeGreaterThanOrEqual(9);
    expect(said('certificate.expires_soon')).toBeLessThanOrEqual(11);
    await world.virtual.advance(16 * DAY_MS + 7_200_000);
    expect(said('error certificate.expired')).toBe(1);
    expect(world.keeper.status().expiresInSeconds).toBeLessThan(0);
    world.files = await world.renewed();
    await world.keeper.reload();
    expect(world.keeper.status().expiresInSeconds).toBe(50 * 86_400);
    expect(world.family('flotilla_certificate_expiry_seconds')).toEqual([
      ['node', 50 * 86_400],
      ['authority', expect.any(Number)],
    ]);
  });

  test('are let alone once the server stops', async () => {
    world.keeper[Symbol.dispose]();
    world.files = await world.renewed();
    await world.virtual.advance(DAY_MS);
    expect(world.applied).toEqual([]);
  });
});
