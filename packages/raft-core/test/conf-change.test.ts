import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Changer,
  ConfChangeTransition,
  ConfChangeType,
  decodeConfChange,
  decodeConfChangeV2,
  encodeConfChange,
  encodeConfChangeV2,
  ProgressTracker,
  type ChangedConfiguration,
  type ChangeResult,
  type ConfChangeSingle,
  type Configuration,
  type ProgressStatus,
} from '../src/index.js';

const nodeId = fc.integer({ min: 1, max: 6 });
const change = fc.record<ConfChangeSingle>({
  type: fc.constantFrom(...Object.values(ConfChangeType)),
  nodeId,
});
const changes = fc.array(change, { maxLength: 8 });
/** Adds a voter to begin with: nothing else can be done to an empty configuration. */
const setup = fc
  .tuple(nodeId, changes)
  .map(([first, more]): readonly ConfChangeSingle[] => [{ type: ConfChangeType.AddNode, nodeId: first }, ...more]);

const LAST_INDEX = 10;

function trackerOf(steps: readonly ConfChangeSingle[]): ProgressTracker {
  const tracker = new ProgressTracker(10, Infinity);
  for (const step of steps) {
    const result = new Changer(tracker, LAST_INDEX).simple([step]);
    if (result.ok) tracker.switchTo(result.configuration, result.progress);
  }
  return tracker;
}

function expectChanged(result: ChangeResult): ChangedConfiguration {
  if (!result.ok) throw new Error(result.error);
  return result;
}

function stateOf(tracker: ProgressTracker): { configuration: Configuration; progress: readonly ProgressStatus[] } {
  return { configuration: tracker.configuration, progress: tracker.progress.map((one) => one.status()) };
}

/** A voter that is removed or demoted on the way and added again starts anew by the simple path: skip such lists. */
function touchesEachNodeOnce(list: readonly ConfChangeSingle[]): boolean {
  return new Set(list.map((one) => one.nodeId)).size === list.length;
}

describe('changes of membership', () => {
  test('a list of changes ends in the same configuration by the simple path and by the joint path', () => {
    fc.assert(
      fc.property(setup, changes, (before, list) => {
        fc.pre(touchesEachNodeOnce(list));
        const simple = trackerOf(before);
        for (const one of list) {
          const result = new Changer(simple, LAST_INDEX).simple([one]);
          // The last voter cannot be removed; then neither path is defined.
          fc.pre(result.ok);
          if (result.ok) simple.switchTo(result.configuration, result.progress);
        }
        const joint = trackerOf(before);
        const entered = expectChanged(new Changer(joint, LAST_INDEX).enterJoint(false, list));
        joint.switchTo(entered.configuration, entered.progress);
        expect(joint.configuration.votersOutgoing).toEqual(trackerOf(before).configuration.voters);
        const left = expectChanged(new Changer(joint, LAST_INDEX).leaveJoint());
        joint.switchTo(left.configuration, left.progress);
        expect(stateOf(joint)).toEqual(stateOf(simple));
      }),
      { numRuns: 3000 },
    );
  });

  test('also when a list names nodes again and again: the same voters and learners', () => {
    fc.assert(
      fc.property(setup, changes, (before, list) => {
        const simple = trackerOf(before);
        for (const one of list) {
          const result = new Changer(simple, LAST_INDEX).simple([one]);
          fc.pre(result.ok);
          if (result.ok) simple.switchTo(result.configuration, result.progress);
        }
        const joint = trackerOf(before);
        const entered = expectChanged(new Changer(joint, LAST_INDEX).enterJoint(true, list));
        joint.switchTo(entered.configuration, entered.progress);
        const left = expectChanged(new Changer(joint, LAST_INDEX).leaveJoint());
        expect(left.configuration).toEqual(simple.configuration);
      }),
      { numRuns: 3000 },
    );
  });

  test('a result keeps the invariants of a configuration', () => {
    fc.assert(
      fc.property(setup, changes, fc.boolean(), (before, list, autoLeave) => {
        const result = new Changer(trackerOf(before), LAST_INDEX).enterJoint(autoLeave, list);
        if (!result.ok) return;
        const { voters, votersOutgoing, learners, learnersNext } = result.configuration;
        const members = [...new Set([...voters, ...votersOutgoing, ...learners])].toSorted((a, b) => a - b);
        expect(result.progress.map(({ id }) => id)).toEqual(members);
        expect(learners.filter((id) => voters.includes(id) || votersOutgoing.includes(id))).toEqual([]);
        expect(learnersNext.every((id) => votersOutgoing.includes(id) && !voters.includes(id))).toBe(true);
        for (const one of result.progress) expect(one.learner).toBe(learners.includes(one.id));
        for (const list of [voters, votersOutgoing, learners, learnersNext]) {
          expect(list).toEqual([...new Set(list)].toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a change that is refused, or only computed, touches nothing', () => {
    fc.assert(
      fc.property(setup, changes, (before, list) => {
        const tracker = trackerOf(before);
        const state = stateOf(tracker);
        const changer = new Changer(tracker, LAST_INDEX);
        changer.simple(list);
        changer.enterJoint(true, list);
        changer.leaveJoint();
        expect(stateOf(tracker)).toEqual(state);
      }),
    );
  });

  test('the simple path changes at most one voter (thesis, section 4.1)', () => {
    fc.assert(
      fc.property(setup, changes, (before, list) => {
        const tracker = trackerOf(before);
        const result = new Changer(tracker, LAST_INDEX).simple(list);
        if (!result.ok) return;
        const old = tracker.configuration.voters;
        const { voters } = result.configuration;
        const changed = [...old.filter((id) => !voters.includes(id)), ...voters.filter((id) => !old.includes(id))];
        expect(changed.length).toBeLessThanOrEqual(1);
        expect(voters.length).toBeGreaterThan(0);
      }),
    );
  });
});

describe('bytes of a change of membership', () => {
  const anyId = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: Number.MAX_SAFE_INTEGER }));
  const anyType = fc.constantFrom(...Object.values(ConfChangeType));
  const context = fc.uint8Array({ maxLength: 20 });

  test('a single change is read back as it was', () => {
    fc.assert(
      fc.property(anyType, anyId, context, (type, id, carried) => {
        const written = { kind: 'v1', type, nodeId: id, context: carried } as const;
        expect(decodeConfChange(encodeConfChange(written))).toEqual(written);
      }),
    );
  });

  test('a change of several nodes is read back as it was', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(ConfChangeTransition)),
        fc.array(fc.record<ConfChangeSingle>({ type: anyType, nodeId: anyId }), { maxLength: 20 }),
        context,
        (transition, list, carried) => {
          const written = { kind: 'v2', transition, changes: list, context: carried } as const;
          expect(decodeConfChangeV2(encodeConfChangeV2(written))).toEqual(written);
        },
      ),
    );
  });

  test('no bytes at all leave a joint configuration', () => {
    expect(decodeConfChangeV2(new Uint8Array())).toEqual({
      kind: 'v2',
      transition: ConfChangeTransition.Auto,
      changes: [],
      context: new Uint8Array(),
    });
  });

  test('any bytes are either a change or malformed: decoding never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
        expect(['v1', 'malformed']).toContain(decodeConfChange(data).kind);
        expect(['v2', 'malformed']).toContain(decodeConfChangeV2(data).kind);
      }),
      { numRuns: 3000 },
    );
  });

  test('a change that is cut short is malformed, or at the end of a field the changes before it', () => {
    const changes = [
      { type: ConfChangeType.AddNode, nodeId: 2 ** 40 },
      { type: ConfChangeType.RemoveNode, nodeId: 3 },
    ];
    const whole = encodeConfChangeV2({
      kind: 'v2',
      transition: ConfChangeTransition.JointExplicit,
      changes,
      context: new Uint8Array(),
    });
    const kinds = [];
    for (let length = 1; length < whole.length; length++) {
      const decoded = decodeConfChangeV2(whole.subarray(0, length));
      kinds.push(decoded.kind);
      if (decoded.kind === 'v2') expect(decoded.changes).toEqual(changes.slice(0, decoded.changes.length));
    }
    expect(kinds.filter((kind) => kind === 'v2')).toHaveLength(2);
  });
});
