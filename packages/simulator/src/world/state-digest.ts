import type { StateMachine } from '@flotilla/cluster';

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/**
 * A digest (FNV-1a: a CRC would be blind to bytes that end in a CRC of their own) of the state of a state machine at this moment: of the bytes of its snapshot. The state is pinned at once; the digest comes later, within microtasks where the machine needs no more.
 */
export async function stateDigest(machine: StateMachine): Promise<number> {
  const pinned = machine.snapshot();
  try {
    let digest = FNV_OFFSET;
    for await (const chunk of pinned.read()) {
      for (let at = 0; at < chunk.length; at++) digest = Math.imul(digest ^ (chunk[at] ?? 0), FNV_PRIME);
    }
    return digest >>> 0;
  } finally {
    pinned.release();
  }
}
