import { MalformedHistory } from './malformed-history.js';
import { type History, isIndeterminate } from './operation.js';

/**
 * Checks what every verdict rests on: instants are finite, no operation returns before it was called, no output is undefined.
 * @throws {MalformedHistory} naming the position of the operation.
 */
export function checkTimes<Input, Output>(history: History<Input, Output>): void {
  for (const [position, operation] of history.entries()) {
    const where = `operation ${position} of process ${operation.process}`;
    if (!Number.isFinite(operation.callAt)) throw new MalformedHistory(`${where}: callAt is ${operation.callAt}`);
    if (isIndeterminate(operation)) continue;
    if (!Number.isFinite(operation.returnAt)) throw new MalformedHistory(`${where}: returnAt is ${operation.returnAt}`);
    if (operation.returnAt < operation.callAt) {
      throw new MalformedHistory(`${where}: returned at ${operation.returnAt}, before its call at ${operation.callAt}`);
    }
    if (operation.output === undefined) {
      throw new MalformedHistory(`${where}: its output is undefined; say null, or mark it as indeterminate`);
    }
  }
}
