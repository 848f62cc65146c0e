import { resolve } from 'node:path';
import { FlotillaError } from '@flotilla/errors';
import type { ClusterNodeConfig } from '@flotilla/cluster';
import type { IdentityFiles } from '../certificates/server-identity.js';
import { LOG_LEVELS, type LogLevel } from '../log/logger.js';
import type { SettingValue } from '../config/setting.js';

/** The settings of `flotilla serve`, typed and apart: what the node is told, and what only the process needs. */
export interface ServeConfig {
  readonly node: ClusterNodeConfig;
  readonly http: string;
  /** Absolute. */
  readonly dataFolder: string;
  /** Files in PEM; all three or none. */
  readonly tls: IdentityFiles | undefined;
  /** Between looks at these files for renewed ones, in ms; 0: only when asked. */
  readonly tlsReloadMs: number;
  readonly allowPlain: boolean;
  /** Origins of the pages that may connect. */
  readonly allowedOrigins: readonly string[];
  /** Those of `node.listen` that are for pages: who comes there proves that it has a certificate, and is not asked by TLS. */
  readonly listenPages: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: 'text' | 'json';
}

/** A day. */
const MS_MAX = 86_400_000;

/**
 * Sorts loaded settings into what needs them. Numbers and addresses are judged by the node itself.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function serveConfig(values: ReadonlyMap<string, SettingValue>): ServeConfig {
  const text = (name: string): string | undefined => values.get(name) as string | undefined;
  const number = (name: string): number | undefined => values.get(name) as number | undefined;
  const list = (name: string): readonly string[] | undefined => values.get(name) as readonly string[] | undefined;
  const flag = (name: string): boolean | undefined => values.get(name) as boolean | undefined;
  const listenPages = list('listenPages') ?? [];
  const tls = tlsFiles(text('tlsCa'), text('tlsCert'), text('tlsKey'));
  if (listenPages.length > 0 && tls === undefined) {
    throw invalid(
      'listenPages',
      'needs tlsCa, tlsCert and tlsKey: who comes there is asked to prove that it has a certificate',
    );
  }
  const raw = listenPages.find((address) => /^quic:/i.test(address));
  if (raw !== undefined) throw invalid('listenPages', `${raw}: pages speak ws:, wss: and wt:, and no raw QUIC`);
  const node: ClusterNodeConfig = defined({
    nodeId: number('nodeId'),
    nodeName: text('nodeName'),
    listen: [...(list('listen') ?? []), ...listenPages],
    advertise: list('advertise'),
    seeds: list('seeds'),
    numGroups: number('numGroups'),
    replicationFactor: number('replicationFactor'),
    voter: flag('voter'),
    learnerGroups: list('learnerGroups')?.map((group) => wholeNumber('learnerGroups', group)),
    forceBootstrap: flag('forceBootstrap'),
    joinRetry: defined({ maxAttempts: number('joinRetryMaxAttempts'), maxBackoffMs: number('joinRetryMaxBackoffMs') }),
    tickMs: number('tickMs'),
    heartbeatMs: number('heartbeatMs'),
    electionTimeoutMs: number('electionTimeoutMs'),
    preVote: flag('preVote'),
    checkQuorum: flag('checkQuorum'),
    snapshotChunkBytes: number('snapshotChunkBytes'),
    orphanPartialMaxAgeMs: number('orphanPartialMaxAgeMs'),
    compaction: defined({ entries: number('compactionEntries'), bytes: number('compactionBytes') }),
  }) as ClusterNodeConfig;
  return {
    node,
    http: text('http') ?? '',
    dataFolder: resolve(text('dataFolder') ?? ''),
    tls,
    listenPages,
    tlsReloadMs: milliseconds('tlsReloadMs', number('tlsReloadMs')),
    allowPlain: flag('allowPlain') ?? false,
    allowedOrigins: list('allowedOrigins') ?? [],
    logLevel: oneOf('logLevel', text('logLevel'), LOG_LEVELS),
    logFormat: oneOf('logFormat', text('logFormat'), ['text', 'json'] as const),
  };
}

function tlsFiles(ca?: string, cert?: string, key?: string): ServeConfig['tls'] {
  if (ca === undefined && cert === undefined && key === undefined) return undefined;
  if (ca === undefined || cert === undefined || key === undefined) {
    throw invalid('tlsCa', 'tlsCa, tlsCert and tlsKey go together: nodes authenticate each other, or stay on loopback');
  }
  return { ca, cert, key };
}

function milliseconds(key: string, value = 0): number {
  if (Number.isInteger(value) && value >= 0 && value <= MS_MAX) return value;
  throw invalid(key, `${value} is no whole number of milliseconds from 0 to ${MS_MAX}`);
}

function wholeNumber(key: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || text.trim() === '') throw invalid(key, `"${text}" is no whole number`);
  return value;
}

function oneOf<T extends string>(key: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalid(key, `"${value}" is not one of ${allowed.join(', ')}`);
  return found;
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function invalid(key: string, reason: string): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', { message: `${key}: ${reason}`, details: { key, reason } });
}
