import type { Setting } from './setting.js';

/** Every setting of `flotilla serve`. Flags, variables and the file have the same names; defaults stand here alone. */
export const SERVE_SETTINGS: readonly Setting[] = [
  {
    name: 'nodeId',
    kind: 'number',
    default: undefined,
    description: 'id of this node; given by the cluster when absent',
  },
  { name: 'nodeName', kind: 'string', default: undefined, description: 'name of this node, for people' },
  {
    name: 'listen',
    kind: 'list',
    default: ['ws://127.0.0.1:7101'],
    description: 'addresses for peers and clients (ws:, wss:, quic:)',
  },
  {
    name: 'advertise',
    kind: 'list',
    default: undefined,
    description: 'addresses that others dial (default: those it listens on)',
  },
  {
    name: 'seeds',
    kind: 'list',
    default: [],
    description:
      'addresses of the first nodes, itself among them where it may found the cluster: the smallest founds it',
  },
  {
    name: 'http',
    kind: 'string',
    default: 'http://127.0.0.1:7201',
    description: 'address for health, metrics and status',
  },
  { name: 'dataFolder', kind: 'string', default: './flotilla-data', description: 'folder of this node alone' },
  { name: 'numGroups', kind: 'number', default: 8, description: 'data groups, fixed at bootstrap' },
  { name: 'replicationFactor', kind: 'number', default: 3, description: 'voters of each data group' },
  {
    name: 'voter',
    kind: 'boolean',
    default: true,
    description: 'false: never votes, holds copies of `learnerGroups` only',
  },
  { name: 'learnerGroups', kind: 'list', default: [], description: 'data groups that a node with voter=false copies' },
  {
    name: 'forceBootstrap',
    kind: 'boolean',
    default: false,
    description: 'bootstrap although another seed is smaller',
  },
  { name: 'joinRetryMaxAttempts', kind: 'number', default: 8, description: 'attempts to join before giving up' },
  { name: 'joinRetryMaxBackoffMs', kind: 'number', default: 32_000, description: 'longest wait between attempts' },
  { name: 'tickMs', kind: 'number', default: 50, description: 'unit of Raft time' },
  { name: 'heartbeatMs', kind: 'number', default: 50, description: 'between heartbeats of a leader' },
  {
    name: 'electionTimeoutMs',
    kind: 'number',
    default: 500,
    description: 'election timeout T, randomised over [T, 2T)',
  },
  { name: 'preVote', kind: 'boolean', default: true, description: 'ask before disturbing a leader' },
  { name: 'checkQuorum', kind: 'boolean', default: true, description: 'a leader without quorum steps down' },
  { name: 'snapshotChunkBytes', kind: 'number', default: 4_194_304, description: 'piece of a snapshot on the wire' },
  {
    name: 'orphanPartialMaxAgeMs',
    kind: 'number',
    default: 300_000,
    description: 'age at which a partial snapshot is swept',
  },
  {
    name: 'compactionEntries',
    kind: 'number',
    default: undefined,
    description: 'entries of a group before a snapshot is taken',
  },
  {
    name: 'compactionBytes',
    kind: 'number',
    default: undefined,
    description: 'bytes of a group before a snapshot is taken',
  },
  { name: 'tlsCa', kind: 'string', default: undefined, description: 'file of the CA that signs all nodes (PEM)' },
  { name: 'tlsCert', kind: 'string', default: undefined, description: 'file of this node’s certificate (PEM)' },
  { name: 'tlsKey', kind: 'string', default: undefined, description: 'file of this node’s private key (PEM)' },
  {
    name: 'tlsReloadMs',
    kind: 'number',
    default: 60_000,
    description: 'between looks at these files for renewed ones; 0: only on SIGHUP',
  },
  {
    name: 'allowPlain',
    kind: 'boolean',
    default: false,
    description: 'plain ws: off loopback, which anybody can read and forge',
  },
  {
    name: 'listenPages',
    kind: 'list',
    default: [],
    description:
      'more addresses, for pages beyond this machine: browsers are asked for no certificate there, but for a proof that they have one',
  },
  {
    name: 'allowedOrigins',
    kind: 'list',
    default: [],
    description: 'origins of the pages that may connect, such as https://app.example; none: no page at all',
  },
  { name: 'logLevel', kind: 'string', default: 'info', description: 'debug, info, warn or error' },
  { name: 'logFormat', kind: 'string', default: 'text', description: 'text or json' },
];

/** FLOTILLA_* variables that other parts of the program read. */
export const OTHER_VARIABLES: readonly string[] = ['FLOTILLA_ENDPOINTS', 'FLOTILLA_CONFIG'];
