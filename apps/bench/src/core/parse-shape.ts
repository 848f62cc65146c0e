import type { CoreShape } from './core-shape.js';

/** The words that tell the peer's process which measurement to make. */
export function peerWords({ groups, batch, mode, seconds, runs }: CoreShape): readonly string[] {
  return [`-groups=${groups}`, `-batch=${batch}`, `-mode=${mode}`, `-seconds=${seconds}`, `-runs=${runs}`];
}

/** The words that tell a process of ours. */
export function shapeWords(shape: CoreShape): readonly string[] {
  return [...peerWords(shape), `-payload=${shape.payload}`];
}

/** The inverse of `shapeWords`. Throws on words of another form. */
export function parseShape(words: readonly string[]): CoreShape {
  const values = new Map(words.map((word) => [word.slice(1).split('=')[0], word.split('=')[1]] as const));
  const number = (name: string): number => {
    const value = Number(values.get(name));
    if (!(value > 0)) throw new RangeError(`-${name}=${values.get(name)} is no positive number`);
    return value;
  };
  const mode = values.get('mode');
  if (mode !== 'calls' && mode !== 'one') throw new RangeError(`-mode=${mode} is neither calls nor one`);
  const payload = values.get('payload');
  if (payload !== 'own' && payload !== 'slab') throw new RangeError(`-payload=${payload} is neither own nor slab`);
  const [groups, batch] = [number('groups'), number('batch')];
  return { groups, batch, mode, payload, seconds: number('seconds'), runs: number('runs') };
}
