import type { Hello } from '@flotilla/wire';

/**
 * Whether any of the other seeds belongs to a cluster already. The smallest seed founds a cluster without asking anybody's leave, but a disk
 * that was wiped makes it forget that it did so before; its neighbours have not forgotten, and one list of seeds must never give two clusters.
 */
export async function findsCluster(
  seeds: readonly string[],
  hello: (address: string) => Promise<Hello>,
): Promise<boolean> {
  const answers = await Promise.all(
    seeds.map(async (seed) => {
      try {
        return (await hello(seed)).clusterId !== undefined;
      } catch {
        return false;
      }
    }),
  );
  return answers.includes(true);
}
