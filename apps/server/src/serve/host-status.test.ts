import type { NodeReport } from '@flotilla/client';
import { expectTypeOf, test } from 'vitest';
import type { ServerStatus } from './host-status.js';

/** As JSON has it. */
type Fields<T> = { [Name in keyof T]: T[Name] };

test('what a server says of itself is what clients read: neither may import the other, so their types stand in two places', () => {
  expectTypeOf<Fields<ServerStatus>>().toExtend<NodeReport>();
});
