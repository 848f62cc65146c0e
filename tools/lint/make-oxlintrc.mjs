// Writes .oxlintrc.json from the floors of the house (docs/architecture.md): who may import whom, and in which order the
// chapters of the cluster room may read each other. With --check it only compares. The JSON is committed, so that
// editors read it; this file is where a floor is changed.
import { readFileSync, writeFileSync } from 'node:fs';

const OPEN = ['errors', 'runtime', 'bytes'];

/** What each room may import beside the rooms open to every floor. */
const FLOORS = {
  'packages/raft-core': [],
  'packages/errors': [],
  'packages/runtime': [],
  'packages/bytes': [],
  'packages/wire': [...OPEN, 'raft-core'],
  'packages/transport': OPEN,
  'packages/storage': [...OPEN, 'raft-core'],
  'packages/routing': OPEN,
  'packages/transport-ws': [...OPEN, 'transport'],
  'packages/quic-transport-ponyfill': [],
  'packages/transport-quic': [...OPEN, 'transport', 'quic-transport-ponyfill'],
  'packages/transport-message-port': [...OPEN, 'transport'],
  'packages/storage-browser': [...OPEN, 'storage', 'raft-core'],
  'packages/storage-node': [...OPEN, 'storage', 'raft-core'],
  'packages/cluster': [...OPEN, 'raft-core', 'wire', 'transport', 'storage', 'routing'],
  'packages/kv': [...OPEN, 'cluster', 'transport', 'routing', 'wire'],
  'packages/kv/src/protocol': [...OPEN, 'routing', 'wire'],
  'packages/client': [...OPEN, 'kv/protocol', 'transport', 'routing', 'wire'],
  'packages/linearizability': [],
  'packages/simulator': [
    ...OPEN,
    'linearizability',
    'client',
    'kv',
    'cluster',
    'routing',
    'storage',
    'transport',
    'wire',
    'raft-core',
    'testing',
  ],
  'packages/testing': [...OPEN, 'client', 'kv', 'cluster', 'routing', 'storage', 'transport', 'wire', 'raft-core'],
};

/** Rooms that name a runtime; every other room below packages/ is portable. */
const RUNTIME_BOUND = [
  'packages/transport-ws',
  'packages/transport-quic',
  'packages/quic-transport-ponyfill',
  'packages/storage-node',
  'packages/runtime',
];

/** The chapters of cluster, in reading order: each reads only those above it. */
const CHAPTERS = [
  'group',
  'multi-raft',
  'raft-loop',
  'session',
  'snapshot',
  'metadata',
  'lifecycle',
  'liveness',
  'membership',
  'bootstrap',
  'migration',
  'rebalancer',
  'observability',
];

const TESTS = ['**/*.test.ts', '**/test/**', '**/e2e/**', '**/testdata/**'];
const CROSSING = {
  regex: '^(\\.\\./)+(packages|apps|tools)/|^(\\.\\./)+[a-z-]+/(src|dist)/',
  message: 'Rooms reach each other by package name, never by path.',
};

function patterns(room) {
  const allowed = FLOORS[room];
  const list = [
    CROSSING,
    {
      // Globs, not one expression: oxlint's expressions have no look-ahead.
      group: [
        '@flotilla/*',
        '@flotilla/*/*',
        ...allowed.flatMap((name) =>
          name.includes('/') ? [`!@flotilla/${name}`] : [`!@flotilla/${name}`, `!@flotilla/${name}/*`],
        ),
      ],
      message:
        allowed.length === 0
          ? 'This room imports no other room.'
          : `Imports go down the floors only; ${room} may import ${allowed.join(', ')}.`,
    },
  ];
  if (!RUNTIME_BOUND.includes(room)) {
    list.push({ regex: '^(node:|jsr:|npm:|fs$|path$|os$|net$)', message: 'A portable room names no runtime.' });
  }
  return list;
}

const restrict = (list) => ({ 'no-restricted-imports': ['error', { patterns: list }] });
const overrides = Object.keys(FLOORS).map((room) => ({
  files: [
    room.includes('/src/') ? `${room}/**` : `${room}/src/**`,
    ...(room === 'packages/kv/src/protocol' ? [`${room}.ts`] : []),
  ],
  rules: restrict(patterns(room)),
}));
// Its command line, the one file of that room that stands on Node.
overrides.push({
  files: ['packages/linearizability/src/main.ts'],
  rules: restrict(
    patterns('packages/linearizability').filter(({ regex }) => regex === undefined || !regex.includes('node:')),
  ),
});
for (const [place, chapter] of CHAPTERS.entries()) {
  const later = CHAPTERS.slice(place + 1);
  if (later.length === 0) continue;
  overrides.push({
    files: [`packages/cluster/src/${chapter}/**`],
    rules: restrict([
      ...patterns('packages/cluster'),
      {
        regex: `^(\\.\\./)+(${later.join('|')}|raft-node|cluster-node|index)(/|\\.js$)`,
        message: `Chapters read only those above them; ${chapter} comes before that one. Declare an interface here instead.`,
      },
    ]),
  });
}
overrides.push({
  files: TESTS,
  rules: {
    'no-restricted-imports': 'off',
    'typescript/no-non-null-assertion': 'off',
    'typescript/require-array-sort-compare': 'off',
    // These files stand in no project of their own for the linter, so that some types are unknown to it.
    'typescript/no-redundant-type-constituents': 'off',
  },
});
overrides.push({ files: ['**/*.d.ts'], rules: { 'no-var': 'off' } });

const configuration = {
  $schema: './node_modules/oxlint/configuration_schema.json',
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise'],
  categories: { correctness: 'error' },
  ignorePatterns: ['**/dist/**', '**/testdata/**', 'node_modules/**'],
  rules: {
    'import/no-cycle': 'error',
    'import/no-self-import': 'error',
    'import/no-duplicates': 'error',
    'no-empty': 'error',
    'no-var': 'error',
    'prefer-const': 'error',
    eqeqeq: 'error',
    'no-eval': 'error',
    'no-restricted-imports': ['error', { patterns: [CROSSING] }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    // Methods of ports are passed on with their object in all places that matter; doubles in tests are plain objects.
    'typescript/unbound-method': 'off',
    // A bare await is how a microtask is let pass; a string is spread where code points are what is wanted.
    'typescript/await-thenable': 'off',
    'typescript/no-misused-spread': 'off',
    'no-control-regex': 'off',
    'typescript/only-throw-error': [
      'error',
      { allowRethrowing: true, allowThrowingUnknown: true, allowThrowingAny: true },
    ],
  },
  overrides,
};

const target = new URL('../../.oxlintrc.json', import.meta.url);
const text = `${JSON.stringify(configuration, null, 2)}\n`;
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('.oxlintrc.json differs from tools/lint/make-oxlintrc.mjs: run npm run fix\n');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
