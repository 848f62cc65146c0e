import { simulate, stateMachineSubject } from '@flotilla/simulator';
import { onUnhandledRejection } from '../../src/unhandled.js';

/** A register whose tenth command leaves a rejection behind that nobody handles; or throws in a turn of its own. */
function careless(how: string): void {
  const error = new Error(`nobody caught this: ${how}`);
  if (how === 'rejection') void Promise.reject(error);
  else queueMicrotask(() => {
    throw error;
  });
}

let commandCount = 0;
const subject = stateMachineSubject({
  create: () => ({
    apply: (commands: readonly { readonly data: Uint8Array }[]) => {
      commandCount += commands.length;
      if (commandCount === 10) careless(process.argv[2] ?? '');
      return commands.map(({ data }) => data);
    },
    snapshot: () => ({ async *read() {}, release: () => undefined }),
    restore: async () => undefined,
  }),
  draw: (random) => random.integer(0, 256),
  encode: (value) => Uint8Array.of(value),
  decode: (result) => result[0] ?? 0,
  model: { init: 0, step: (_: number, value: number, echo: number | undefined) => (echo === undefined || echo === value ? value : undefined) },
});

const { seeds, violations } = await simulate({
  seeds: { from: 1, to: 2 },
  nodes: 1,
  mode: 'safety',
  faults: [],
  faultsMs: 5_000,
  workload: { clients: 2, pauseMs: 50 },
  minimiseRuns: 0,
  subject,
  onUnhandled: onUnhandledRejection,
});
console.log(`${seeds} seeds`);
for (const { violation } of violations) console.log(`${violation?.invariant}: ${violation?.message.split('\n')[0]}`);
