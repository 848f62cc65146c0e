import {
  drawPlan,
  type Fault,
  INVARIANTS,
  kvSubject,
  Simulation,
  type SimulationPlan,
  type Violation,
} from '@flotilla/simulator';
import { SCENARIOS } from './all-scenarios.js';
import type { Scenario } from './scenario.js';

/** What a scenario expected beside the rules of every run did not hold. */
const EXPECTATION = 'expectation';

/** Of messages: steps are timed, so that each takes the same time (virtual ms). */
const LATENCY_MS = 5;

/**
 * Plays a scenario; resolves with the first rule that did not hold.
 *
 * @throws RangeError for a name that there is not
 */
export async function playScenario(
  name: string,
  onUnhandled: (listener: (error: unknown) => void) => () => void,
): Promise<Violation | undefined> {
  const scenario = SCENARIOS.find((other) => other.name === name);
  if (scenario === undefined) throw new RangeError(`there is no scenario '${name}'`);
  let disappointment: string | undefined;
  const fault = scripted(scenario, (text) => {
    disappointment ??= text;
  });
  const drawn = drawPlan(scenario.seed, [], { mode: 'safety', faults: [], ...scenario.plan });
  const latency = { kind: 'constant', ms: LATENCY_MS } as const;
  const action = { number: 0, atMs: 0, kind: name, ...fault.draw() };
  const plan: SimulationPlan = {
    ...drawn,
    driftPpmMax: 0,
    latency,
    diskLatency: { kind: 'none' },
    drawn: 1,
    actions: [action],
  };
  const run = new Simulation(plan, { subject: kvSubject, faults: [fault], invariants: INVARIANTS });
  const unlisten = onUnhandled((error) => run.fail(error));
  try {
    const { violation, virtualMs } = await run.run();
    if (violation !== undefined || disappointment === undefined) return violation;
    return { invariant: EXPECTATION, message: disappointment, atMs: virtualMs };
  } finally {
    unlisten();
  }
}

/** The steps of a scenario as one fault, which begins with the faults and lasts as long as they do. */
function scripted(
  scenario: Scenario,
  disappointed: (text: string | undefined) => void,
): Fault & { draw(): ReturnType<Fault['draw']> } {
  return {
    kind: scenario.name,
    family: 'process',
    everyMs: 1,
    draw: () => ({ target: { kind: 'cluster' }, durationMs: 0, amount: 0, choice: 0 }),
    inject: async (cluster) => {
      cluster.injected(scenario.name);
      disappointed(
        await scenario.play(cluster, (ms) => new Promise((resolve) => cluster.director.setTimer(ms, resolve))),
      );
    },
  };
}
