import { describe, expect, test } from 'vitest';
import { Tally } from '../report/tally.js';
import { damageByName, type DamagedReplica } from './flips.js';
import { damageNamed, fileDamages, nameOfDamage, sectorDamages } from './damage.js';
import { scriptReplica } from './script-replica.js';
import { Prng } from '@flotilla/runtime/virtual';

const OPTIONS = { seed: 1, stride: 1, bits: 1, setEvery: 1, sectors: 1 };
const LOG = 'log-0/segment-000003';

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
    const seen = await judged(replica, `flip:${LOG}:1100:1`);
    expect(seen.report()).toEqual(['flips, flip: refused: 1']);
    // An engine that drops what it cannot read, as if it had never been acknowledged.
    const whole = replica.files.peek(LOG)?.[1100];
    const careless: DamagedReplica = {
      ...replica,
      open: (files) => {
        if (files.peek(LOG)?.[1100] !== whole) files.tamper(LOG, 1024, new Uint8Array(3072));
        return replica.open(files);
      },
    };
    const cut = await judged(careless, `flip:${LOG}:1100:1`);
    expect(cut.unrecovered).toMatchObject([
      {
        replay: `--only flips --seed 1 --replica script-3-15 --damage flip:${LOG}:1100:1`,
        why: 'what was acknowledged last is gone, and nobody says so',
      },
    ]);
  });
  test('the log cut at its end is told from a flip, and counted as what it was before', async () => {
    const replica = await scriptReplica(3);
    const tally = await judged(replica, `stale:${LOG}:3`);
    expect(tally.report()).toEqual(['flips, stale: earlier: 1']);
  });
});
