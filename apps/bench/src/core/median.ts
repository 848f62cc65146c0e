/** The middle of the numbers, or the mean of the two in the middle. NaN of none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? Number.NaN;
  const high = sorted[Math.ceil(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

/** Distance of the lowest from the highest, in per cent of the median. */
export function spread(numbers: readonly number[]): string {
  return `${Math.round(((Math.max(...numbers) - Math.min(...numbers)) / median(numbers)) * 100)} %`;
}
