import { Prng } from '@flotilla/runtime/virtual';
import type { MemoryFiles } from '@flotilla/storage/memory';
import type { Tally } from '../report/tally.js';
import {
  type Damage,
  damageNamed,
  fileDamages,
  type FileHistory,
  inflict,
  nameOfDamage,
  sectorDamages,
} from './damage.js';
import { earlierCatalogs, earlierLogs } from './earlier-states.js';
import { judge, type KnownPartial, type OpenReplica, pictureOf, type ReplicaTruth } from './replica-picture.js';

/** A replica's folder, and what is known of it. */
export interface DamagedReplica {
  /** How it stands on the command line. */
  readonly name: string;
  readonly files: MemoryFiles;
  readonly open: OpenReplica;
  readonly partials: readonly KnownPartial[];
  readonly history: FileHistory;
  /** See {@link ReplicaTruth.marksAreStored}. */
  readonly marksAreStored: boolean;
}

/** How much of it. */
export interface FlipOptions {
  readonly seed: number;
  /** Every n-th byte is flipped; 1: every byte. */
  readonly stride: number;
  /** Bits of each byte that are flipped, one at a time. */
  readonly bits: number;
  /** Of so many bytes one is also set to 0, and one to 255. */
  readonly setEvery: number;
  /** Swapped and misdirected sectors. */
  readonly sectors: number;
}

/** Flips every byte of every file, and does all the other damage. */
export async function damageReplica(replica: DamagedReplica, options: FlipOptions, tally: Tally): Promise<void> {
  const truth = await truthOf(replica);
  const one = (damage: Damage): Promise<void> => damageOnce(replica, truth, damage, options, tally);
  for (const path of replica.files.paths()) {
    const prng = new Prng(`${options.seed}/flips/${path}`);
    const length = replica.files.peek(path)?.length ?? 0;
    for (let at = 0; at < length; at += options.stride) {
      const first = prng.integer(0, 8);
      for (let bit = 0; bit < options.bits; bit++) {
        await one({ kind: 'flip', path, at, mask: 1 << ((first + bit) % 8) });
      }
      if (at % options.setEvery !== 0) continue;
      await one({ kind: 'set', path, at, value: 0 });
      await one({ kind: 'set', path, at, value: 0xff });
    }
  }
  const prng = new Prng(`${options.seed}/sectors`);
  for (const damage of sectorDamages(replica.files, options.sectors, prng)) await one(damage);
  for (const damage of fileDamages(replica.files, replica.history)) await one(damage);
}

/** Damages whole files of a folder, and nothing smaller. */
export async function damageFiles(replica: DamagedReplica, options: FlipOptions, tally: Tally): Promise<void> {
  const truth = await truthOf(replica);
  for (const damage of fileDamages(replica.files, replica.history)) {
    await damageOnce(replica, truth, damage, options, tally);
  }
}

/** One damage again. */
export async function damageByName(
  replica: DamagedReplica,
  name: string,
  options: FlipOptions,
  tally: Tally,
): Promise<void> {
  const truth = await truthOf(replica);
  await damageOnce(replica, truth, damageNamed(name), options, tally);
}

async function damageOnce(
  replica: DamagedReplica,
  truth: ReplicaTruth,
  damage: Damage,
  { seed }: FlipOptions,
  tally: Tally,
): Promise<void> {
  const files = replica.files.fork('process');
  if (isPointless(damage, replica) || !(await inflict(files, damage, replica.history))) return;
  const replay = `--only flips --seed ${seed} --replica ${replica.name} --damage ${nameOfDamage(damage)}`;
  await tally.flip(damage.kind, replay, async () => {
    const damaged = 'other' in damage ? [damage.path, damage.other] : [damage.path];
    const verdict = await judge(files, replica.open, truth, damaged);
    if (verdict === 'earlier' && !mayBeEarlier(damage))
      throw new Error('what was acknowledged last is gone, and nobody says so');
    return verdict;
  });
}

/**
 * Whether the damage may leave the very bytes that a disk had before its last writes: what a file held then stands there again, or zeros
 * where nothing had been written. No folder by itself tells the present from such a past.
 */
function mayBeEarlier({ kind }: Damage): boolean {
  return kind === 'stale' || kind === 'swap' || kind === 'misdirect';
}

/** Deleted snapshots are missed by the log's marks alone. */
function isPointless(damage: Damage, { marksAreStored }: DamagedReplica): boolean {
  return !marksAreStored && damage.kind === 'delete' && damage.path.endsWith('.snapshot');
}

async function truthOf({ files, open, history, partials, marksAreStored }: DamagedReplica): Promise<ReplicaTruth> {
  return {
    picture: await pictureOf(files, open),
    earlierLogs: await earlierLogs(files, open),
    earlierCatalogs: await earlierCatalogs(files, open, history),
    partials,
    marksAreStored,
  };
}
