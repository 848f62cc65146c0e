/** A value in few characters. */
export function show(value: unknown): string {
  if (value === undefined) return '?';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 40)}…${text.slice(-18)}` : text;
}
