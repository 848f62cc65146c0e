import { type ErrorCode, FlotillaError, toFlotillaError } from '@flotilla/errors';
import type { Hello } from '@flotilla/wire';

/** What a node says that is there and has nothing to do with this one: it may belong to a cluster, which it does not tell. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['Unauthorized', 'IncompatibleVersion', 'WrongCluster']);

/**
 * Whether any of the other seeds belongs to a cluster already. The smallest seed founds a cluster without asking anybody's leave, but a disk
 * that was wiped makes it forget that it did so before; its neighbours have not forgotten, and one list of seeds must never give two clusters.
 *
 * @throws JoinRejected where none says that it does, and one refuses to speak with this node: as long as that is so nothing is founded beside it
 */
export async function findsCluster(
  seeds: readonly string[],
  hello: (address: string) => Promise<Hello>,
): Promise<boolean> {
  const answers = await Promise.all(
    seeds.map(async (seed) => {
      try {
        return (await hello(seed)).clusterId !== undefined;
      } catch (cause) {
        const error = toFlotillaError(cause);
        return REFUSALS.has(error.code) ? refused(seed, error) : false;
      }
    }),
  );
  if (answers.includes(true)) return true;
  const refusal = answers.find((answer) => answer instanceof FlotillaError);
  if (refusal !== undefined) throw refusal;
  return false;
}

function refused(by: string, cause: FlotillaError): FlotillaError {
  return new FlotillaError('JoinRejected', {
    message: `${by} refused this node, which was to found the cluster or to find it there: ${cause.message}`,
    details: { by, reason: cause.message },
    cause,
  });
}
