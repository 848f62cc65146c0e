/** A history contradicts itself: a call that ends before it began, a process with two calls open, an unknown process. */
export class MalformedHistory extends Error {
  override readonly name = 'MalformedHistory';
}
