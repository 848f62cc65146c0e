// How a client of this package tells a listener of this package that both speak its frames: by a parameter of the query, since a
// browser's WebTransport sends no field of the page's choice.
const PARAMETER = 'quic-transport-ponyfill=1';

/** The path with the parameter. */
export function withFramingParameter(path: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${PARAMETER}`;
}

/** The path as the application meant it, and whether the parameter was there. */
export function takeFramingParameter(path: string): { readonly path: string; readonly framed: boolean } {
  const mark = path.indexOf('?');
  if (mark < 0) return { path, framed: false };
  const parameters = path.slice(mark + 1).split('&');
  const kept = parameters.filter((parameter) => parameter !== PARAMETER);
  const query = kept.length === 0 ? '' : `?${kept.join('&')}`;
  const framed = kept.length < parameters.length;
  return framed ? { path: `${path.slice(0, mark)}${query}`, framed } : { path, framed };
}
