import { FlotillaError } from '@flotilla/errors';
import { findLocalCluster } from '../dev/cluster-file.js';

/**
 * The addresses that a command speaks to: `--endpoints`, else FLOTILLA_ENDPOINTS, else the local cluster of this folder or one
 * above, else the local cluster that was started last.
 *
 * @throws {FlotillaError} InvalidArgument when there is none, or one is no address.
 */
export async function endpointsOf(
  given: string | undefined,
  environment: NodeJS.ProcessEnv,
  cwd: string,
): Promise<readonly string[]> {
  const text = given ?? environment['FLOTILLA_ENDPOINTS'];
  if (text === undefined) {
    const local = await findLocalCluster(cwd);
    if (local !== undefined) return local.nodes.map((node) => node.listen);
    throw invalid(
      'no cluster to speak to: start a local one with "flotilla dev" (or "npm start"), or name one with --endpoints',
    );
  }
  const endpoints = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (endpoints.length === 0)
    throw invalid('--endpoints is empty; it takes addresses such as ws://127.0.0.1:7101, with commas between them');
  for (const endpoint of endpoints) {
    if (!/^(wss?|quic|wt):\/\/.+/.test(endpoint) || !URL.canParse(endpoint)) {
      throw invalid(`"${endpoint}" is no address; addresses look like ws://127.0.0.1:7101`);
    }
  }
  return endpoints;
}

function invalid(reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'endpoints', reason } });
}
