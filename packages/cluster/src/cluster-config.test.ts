import { describe, expect, test } from 'vitest';
import { checkClusterConfig, type ClusterNodeConfig, DEFAULT_CLUSTER_CONFIG } from './cluster-config.js';

const canonical = (address: string): string => {
  if (!address.includes('://')) throw new Error('no scheme');
  return address.toLowerCase();
};
const check = (config: Partial<ClusterNodeConfig>) => checkClusterConfig({ listen: ['mem://a'], ...config }, canonical);

function refusal(config: Partial<ClusterNodeConfig>): unknown {
  try {
    check(config);
    return 'accepted';
  } catch (error) {
    return error;
  }
}

describe('configuration', () => {
  test('what is not said has its default', () => {
    const checked = check({});
    expect(checked).toMatchObject(DEFAULT_CLUSTER_CONFIG);
    expect(checked).toMatchObject({
      numGroups: 8,
      replicationFactor: 3,
      electionTimeoutMs: 500,
      heartbeatMs: 50,
      tickMs: 50,
    });
    expect(checked.joinRetry).toEqual({ maxAttempts: 8, maxBackoffMs: 32_000 });
  });

  test('a part of a nested value keeps the defaults of the others', () => {
    expect(check({ joinRetry: { maxBackoffMs: 2000 } }).joinRetry).toEqual({ maxAttempts: 8, maxBackoffMs: 2000 });
  });

  test('addresses come out canonical, seeds once each', () => {
    expect(check({ seeds: ['mem://A', 'mem://a', 'mem://b'] }).seeds).toEqual(['mem://a', 'mem://b']);
  });

  test.each<[Partial<ClusterNodeConfig>, string]>([
    [{ heartbeatMs: 200 }, 'heartbeatMs'],
    [{ heartbeatMs: 500 }, 'heartbeatMs'],
    [{ heartbeatMs: 75 }, 'heartbeatMs'],
    [{ electionTimeoutMs: 525 }, 'electionTimeoutMs'],
    [{ nodeId: 0 }, 'nodeId'],
    [{ nodeId: 1.5 }, 'nodeId'],
    [{ numGroups: 0 }, 'numGroups'],
    [{ replicationFactor: 0 }, 'replicationFactor'],
    [{ seeds: ['nonsense'] }, 'seeds'],
    [{ listen: ['nonsense'] }, 'listen'],
    [{ nodeName: '' }, 'nodeName'],
    [{ voter: false, forceBootstrap: true }, 'forceBootstrap'],
    [{ learnerGroups: [1] }, 'learnerGroups'],
    [{ leaseReads: true, checkQuorum: false }, 'leaseReads'],
    [{ joinRetry: { maxAttempts: 0 } }, 'joinRetry.maxAttempts'],
    [{ limits: { proposalBytesMax: 0 } }, 'limits.proposalBytesMax'],
  ])('%j is refused, naming %s', (config, key) => {
    expect(refusal(config)).toMatchObject({ code: 'InvalidConfig', details: { key } });
  });

  test('an unknown key is refused by name', () => {
    expect(refusal({ heartbeat: 50 } as Partial<ClusterNodeConfig>)).toMatchObject({
      code: 'InvalidConfig',
      details: { key: 'heartbeat' },
    });
  });
});
