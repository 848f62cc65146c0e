import { type ByteReader, type ByteWriter, varintLength } from '@flotilla/bytes';
import { HEARTBEATS_PER_FRAME_MAX } from '../format-constants.js';

/** How a column of numbers is written: one value for all, each value, or each difference to the one before (zigzag). */
const CONSTANT = 0;
const PLAIN = 1;
const DELTA = 2;

/** A difference above it does not fit a zigzag varint. */
const DELTA_MAX = 2 ** 51;

const COLUMNS = 5;

/** Heartbeats, or responses to them, as columns of equal length. All go from the batch's sender to its receiver. */
export interface HeartbeatColumns {
  readonly group: number[];
  readonly incarnation: number[];
  readonly term: number[];
  readonly commit: number[];
  readonly context: number[];
}

/** What is read of a batch without heartbeats, which most are; readers add nothing to it. */
const NO_ROWS: HeartbeatColumns = { group: [], incarnation: [], term: [], commit: [], context: [] };

/** Columns without rows. */
export function emptyHeartbeatColumns(): HeartbeatColumns {
  return { group: [], incarnation: [], term: [], commit: [], context: [] };
}

/** Exact bytes that `writeHeartbeatColumns` takes for rows [start, end). */
export function heartbeatColumnsLength(columns: HeartbeatColumns, start: number, end: number): number {
  const count = end - start;
  if (count === 0) return 1;
  return (
    varintLength(count) +
    COLUMNS +
    columnForm(columns.group, start, end, false).bytes +
    columnForm(columns.incarnation, start, end, true).bytes +
    columnForm(columns.term, start, end, true).bytes +
    columnForm(columns.commit, start, end, true).bytes +
    columnForm(columns.context, start, end, true).bytes
  );
}

/** A count of rows; where it is not 0, the columns group, incarnation, term, commit, context: each a mode byte, then its numbers. */
export function writeHeartbeatColumns(writer: ByteWriter, columns: HeartbeatColumns, start: number, end: number): void {
  writer.varint(end - start);
  if (end === start) return;
  writeColumn(writer, columns.group, start, end, false);
  writeColumn(writer, columns.incarnation, start, end, true);
  writeColumn(writer, columns.term, start, end, true);
  writeColumn(writer, columns.commit, start, end, true);
  writeColumn(writer, columns.context, start, end, true);
}

/** Reads what `writeHeartbeatColumns` wrote. @throws MalformedBytes */
export function readHeartbeatColumns(reader: ByteReader): HeartbeatColumns {
  // A row takes a byte at least: its group is never left to a constant column.
  const count = reader.count(1);
  if (count > HEARTBEATS_PER_FRAME_MAX) {
    reader.fail(`${count} heartbeats in a frame, where ${HEARTBEATS_PER_FRAME_MAX} may stand`);
  }
  if (count === 0) return NO_ROWS;
  return {
    group: readColumn(reader, count, false),
    incarnation: readColumn(reader, count, true),
    term: readColumn(reader, count, true),
    commit: readColumn(reader, count, true),
    context: readColumn(reader, count, true),
  };
}

function columnForm(
  column: readonly number[],
  start: number,
  end: number,
  mayBeConstant: boolean,
): { mode: number; bytes: number } {
  let previous = column[start] ?? 0;
  let constant = mayBeConstant;
  let plain = varintLength(previous);
  let delta = plain;
  const first = plain;
  for (let i = start + 1; i < end; i++) {
    const value = column[i] ?? 0;
    const difference = value - previous;
    if (difference !== 0) constant = false;
    plain += varintLength(value);
    delta += difference > DELTA_MAX || difference < -DELTA_MAX ? Infinity : varintLength(zigzag(difference));
    previous = value;
  }
  if (constant) return { mode: CONSTANT, bytes: first };
  return delta < plain ? { mode: DELTA, bytes: delta } : { mode: PLAIN, bytes: plain };
}

function writeColumn(
  writer: ByteWriter,
  column: readonly number[],
  start: number,
  end: number,
  mayBeConstant: boolean,
): void {
  const { mode } = columnForm(column, start, end, mayBeConstant);
  let previous = column[start] ?? 0;
  writer.u8(mode);
  writer.varint(previous);
  if (mode === CONSTANT) return;
  for (let i = start + 1; i < end; i++) {
    const value = column[i] ?? 0;
    writer.varint(mode === PLAIN ? value : zigzag(value - previous));
    previous = value;
  }
}

function readColumn(reader: ByteReader, count: number, mayBeConstant: boolean): number[] {
  const mode = reader.u8();
  if (mode > DELTA || (mode === CONSTANT && !mayBeConstant)) reader.fail(`unknown mode of a column: ${mode}`);
  let value = reader.varint();
  const column: number[] = [value];
  for (let i = 1; i < count; i++) {
    if (mode === PLAIN) value = reader.varint();
    else if (mode === DELTA) value += unzigzag(reader.varint());
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) reader.fail('a column leaves the safe integers');
    column.push(value);
  }
  return column;
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
