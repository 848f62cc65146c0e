import type { PartitionVerdict, Verdict } from '../check/verdict.js';
import type { Model } from '../model/model.js';
import { type Bar, type Layout, layOut } from './layout.js';

/** How to draw a page. */
export interface HtmlOptions {
  /** Of the page: `History` if absent. */
  readonly title?: string;
  /** Operations drawn of each partition, those around its culprit: 160 if absent. */
  readonly operationsMax?: number;
  /** Partitions drawn, those that are not linearizable first: 12 if absent. */
  readonly partitionsMax?: number;
}

const COLUMN = 86;
const LANE = 34;
const LEFT = 110;

/**
 * A page, in one piece and without scripts, that shows why a history is not linearizable: for each partition a lane for each process, the
 * interval of each operation, the longest linearizable prefix as a path through them, and the first operation that cannot follow. Details
 * show under the pointer.
 */
export function drawHtml<State, Input, Output>(
  model: Model<State, Input, Output>,
  { verdict, partitions }: Verdict<Input, Output>,
  { title = 'History', operationsMax = 160, partitionsMax = 12 }: HtmlOptions = {},
): string {
  const rank = { 'not-linearizable': 0, unknown: 1, linearizable: 2 };
  const sorted = partitions.toSorted((left, right) => rank[left.verdict] - rank[right.verdict]);
  const drawn = sorted.slice(0, partitionsMax);
  const sections = drawn.map((partition, place) => section(model, partition, operationsMax, `culprit-${place}`));
  const rows = sorted.map((partition) => {
    const { key = '', operations, verdict: kind, reason = '' } = partition;
    return `<tr class="${kind}"><td>${escape(key)}<td>${operations.length}<td>${words(kind)}<td>${escape(reason)}`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escape(title)}</title>
<style>${STYLE}</style>
<h1>${escape(title)}</h1>
<p>${escape(model.name ?? 'model')}: <b class="${verdict}">${words(verdict)}</b>. Numbers are the longest order that the model accepts and that
keeps to real time; <b class="culprit">red</b> is the first operation that cannot follow; dashed ones have no known outcome.</p>
${sections.join('\n')}
<h2>All partitions</h2>
<table><tr><th>key<th>operations<th>verdict<th>why unknown
${rows.join('\n')}
</table>
</html>
`;
}

function section<State, Input, Output>(
  model: Model<State, Input, Output>,
  partition: PartitionVerdict<Input, Output>,
  operationsMax: number,
  anchor: string,
): string {
  const layout = layOut(model, partition, operationsMax);
  const { before, after, state } = layout;
  const omitted = before + after === 0 ? '' : ` Left out: ${before} operations before, ${after} after.`;
  return `<section>
<h2>${escape(partition.key ?? 'history')} <small class="${partition.verdict}">${words(partition.verdict)}</small></h2>
<p>${partition.operations.length} operations; ${partition.order.length} in order, after which the state is
<code>${escape(state)}</code>.${omitted}${
    partition.culprit === undefined ? '' : ` <a href="#${anchor}">Show what cannot follow.</a>`
  }</p>
${picture(layout, anchor)}
</section>`;
}

function picture({ bars, lanes, columns }: Layout, anchor: string): string {
  const width = LEFT + (columns + 1) * COLUMN;
  const height = lanes.length * LANE + 10;
  const rows = lanes.map((name, lane) => {
    const y = lane * LANE;
    const label = lanes[lane - 1] === name ? '' : `<text class="process" x="4" y="${y + 21}">${escape(name)}</text>`;
    return `<line x1="0" x2="${width}" y1="${y + LANE}" y2="${y + LANE}"/>${label}`;
  });
  const path = bars
    .filter(({ place }) => place !== undefined)
    .toSorted((left, right) => (left.place ?? 0) - (right.place ?? 0))
    .map((bar) => `${round(xOf(bar.instant))},${bar.lane * LANE + 17}`);
  return `<div class="scroll"><svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
${rows.join('\n')}
${bars.map((bar) => box(bar, columns, anchor)).join('\n')}
<polyline points="${path.join(' ')}"/>
${bars.map(dot).join('')}
</svg></div>`;
}

function box(bar: Bar, columns: number, anchor: string): string {
  const { from, to, lane, isCulprit, place, text } = bar;
  const x = xOf(from);
  const width = Math.max(COLUMN * 0.6, xOf(to ?? columns + 0.9) - x);
  const kinds = [isCulprit ? 'culprit' : place === undefined ? 'left' : 'placed', to === undefined ? 'open' : 'closed'];
  const fitting = Math.max(1, Math.floor((width - 24) / 6.7));
  const label = text.length > fitting ? `${text.slice(0, Math.max(1, fitting - 1))}…` : text;
  const id = isCulprit ? ` id="${anchor}"` : '';
  return `<g${id} class="${kinds.join(' ')}"><rect x="${round(x)}" y="${lane * LANE + 5}" width="${round(width)}" height="24" rx="4"/>
<text x="${round(x + 20)}" y="${lane * LANE + 21}">${escape(label)}</text><title>${escape(details(bar))}</title></g>`;
}

function dot({ place, instant, lane }: Bar): string {
  if (place === undefined) return '';
  const x = round(xOf(instant));
  return `<g class="dot"><circle cx="${x}" cy="${lane * LANE + 17}" r="8"/><text x="${x}" y="${lane * LANE + 20}">${place}</text></g>\n`;
}

function details({ process, text, callAt, returnAt, place, state, isCulprit }: Bar): string {
  const lines = [text, `process ${process}`, `called at ${callAt}`];
  lines.push(returnAt === undefined ? 'outcome unknown' : `returned at ${returnAt}`);
  if (place !== undefined) lines.push(`number ${place} in order; state after it: ${state}`);
  else lines.push(isCulprit ? 'cannot follow: no order is left when it returns' : 'not in the order');
  return lines.join('\n');
}

function xOf(column: number): number {
  return LEFT + column * COLUMN;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function words(verdict: string): string {
  return verdict.replace('-', ' ');
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES.get(character) ?? '');
}

const STYLE = `
:root{color-scheme:light dark;font:14px/1.45 system-ui,sans-serif}
body{margin:24px}
h2{margin:28px 0 4px}
small{font-weight:400}
code{overflow-wrap:anywhere}
.scroll{overflow-x:auto;border:1px solid #8884;border-radius:6px}
svg{display:block;font:11px ui-monospace,monospace}
svg line{stroke:#8883}
svg text{fill:currentColor}
.process{font-weight:700}
rect{fill:#3b82f633;stroke:#3b82f6}
.left rect{fill:#8882;stroke:#888}
.open rect{stroke-dasharray:4 3}
.culprit rect{fill:#ef444455;stroke:#ef4444;stroke-width:2}
g:hover>rect{stroke-width:3}
polyline{fill:none;stroke:#10b981;stroke-width:1.5;opacity:.7;pointer-events:none}
.dot{pointer-events:none}
.dot circle{fill:#10b981}
.dot text{fill:#fff;text-anchor:middle;font-size:9px}
td,th{text-align:left;padding:2px 14px 2px 0}
.not-linearizable,b.culprit{color:#ef4444}
.linearizable{color:#10b981}
.unknown{color:#f59e0b}`;
