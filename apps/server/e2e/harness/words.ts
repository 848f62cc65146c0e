/** Distinct made-up words, the same for the same seed. */
export function wordList(count: number, seed: number): string[] {
  const syllables = ['ka', 'lo', 'mi', 'ner', 'su', 'ti', 'vor', 'an', 'el', 'is', 'ou', 'ya', 'str', 'qu', 'ß', 'é'];
  const words = new Set<string>();
  let state = seed >>> 0;
  const next = (bound: number): number => {
    // xorshift32: any sequence will do, as long as it is always the same.
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % bound;
  };
  while (words.size < count) {
    let word = '';
    for (let length = 3 + next(5); length > 0; length--) word += syllables[next(syllables.length)];
    words.add(word);
  }
  return [...words];
}
