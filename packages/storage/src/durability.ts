/**
 * What a resolved write survives: `power` a power cut, `process` the death of the process alone, `none` neither.
 * Stated by what holds the bytes, from what it really does.
 */
export type Durability = 'power' | 'process' | 'none';
