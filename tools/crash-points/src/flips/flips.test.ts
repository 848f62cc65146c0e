import { describe, expect, test } from 'vitest';
import { Tally } from '../report/tally.js';
import { damageByName, type DamagedReplica } from './flips.js';
import { damageNamed, fileDamages, nameOfDamage, sectorDamages } from './damage.js';
import { scriptReplica } from './script-replica.js';
import { Prng } from '@flotilla/runtime/virtual';

const OPTIONS = { seed: 1, stride: 1, bits: 1, setEvery: 1, sectors: 1 };

/** The segment in use, and where its last batch stands, which takes one sector. */
function lastBatchOf({ files }: DamagedReplica): { path: string; at: number } {
  let last = { path: '', at: 0, segment: 0 };
  for (const path of files.paths().filter((name) => name.includes('segment'))) {
    const bytes = files.peek(path) ?? new Uint8Array(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [state, segment] = [view.getUint32(32, true), view.getUint32(44, true)];
    let at = 512;
    while (at < bytes.length && view.getUint32(at, true) !== 0) at += 512;
    if (state === 1 && at > 512 && segment > last.segment) last = { path, at: at - 512, segment };
  }
  return last;
}

async function judged(replica: DamagedReplica, damage: string): Promise<Tally> {
  const tally = new Tally();
  await damageByName(replica, damage, OPTIONS, tally);
  return tally;
}

describe('damage', () => {
  test('every kind has a name that means the same damage', async () => {
    const { files, history } = await scriptReplica(3);
    const all = [...fileDamages(files, history), ...sectorDamages(files, 50, new Prng(1))];
    expect(new Set(all.map(({ kind }) => kind))).toEqual(
      new Set(['delete', 'truncate', 'extend', 'exchange', 'stale', 'swap', 'misdirect']),
    );
    for (const damage of all) expect(damageNamed(nameOfDamage(damage))).toEqual(damage);
    expect(() => damageNamed('burn:a')).toThrow(RangeError);
  });
  test('a flipped bit of the log is refused, and a replica that would not see it is reported', async () => {
    const replica = await scriptReplica(3);
    const { path, at } = lastBatchOf(replica);
    const flip = `flip:${path}:${at + 40}:1`;
    const seen = await judged(replica, flip);
    expect(seen.report()).toEqual(['flips, flip: refused: 1']);
    // An engine that drops what it cannot read, as if it had never been acknowledged.
    const whole = replica.files.peek(path)?.[at + 40];
    const careless: DamagedReplica = {
      ...replica,
      open: (files) => {
        if (files.peek(path)?.[at + 40] !== whole) files.tamper(path, at, new Uint8Array(512));
        return replica.open(files);
      },
    };
    const cut = await judged(careless, flip);
    expect(cut.unrecovered).toMatchObject([
      {
        replay: `--only flips --seed 1 --replica script-3-15 --damage ${flip}`,
        why: 'what was acknowledged last is gone, and nobody says so',
      },
    ]);
  });
  test('a last write that was lost is told from a flip, and counted as what the disk was before', async () => {
    const replica = await scriptReplica(3);
    const { path, at } = lastBatchOf(replica);
    const tally = await judged(replica, `misdirect:${path}:${at}:${path}:${at + 512}`);
    expect(tally.report()).toEqual(['flips, misdirect: earlier: 1']);
  });
});
