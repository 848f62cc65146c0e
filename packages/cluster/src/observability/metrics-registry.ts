import { FlotillaError } from '@flotilla/errors';

/** A metric as a scrape shows it. */
export interface MetricFamily {
  /** Prometheus name: letters, digits, `_`; counters end in `_total`, times in `_seconds`, sizes in `_bytes`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly MetricSample[];
}

/** One number with its labels. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the samples of a family at the moment of a scrape, so that the hot path only adds to plain numbers. */
export type MetricReader = () => readonly MetricSample[];

/** Series of one family; more are cut, so that no label can grow without bound. */
export const SERIES_MAX = 10_000;

interface Registration {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly read: MetricReader;
}

/**
 * The numbers of one node by name. Registering a name again replaces its reader: a part that was restarted keeps its series.
 * Iteration is in order of name.
 */
export class MetricsRegistry implements Iterable<MetricFamily> {
  readonly #families = new Map<string, Registration>();

  /** @throws InvalidArgument where the name is no metric name, or is taken by another type. */
  register(type: 'counter' | 'gauge', name: string, help: string, read: MetricReader): void {
    if (!/^[a-z][a-z0-9_]*$/.test(name) || (type === 'counter') !== name.endsWith('_total')) {
      throw invalid(`${name} is no name for a ${type}`);
    }
    const known = this.#families.get(name);
    if (known !== undefined && known.type !== type) throw invalid(`${name} is a ${known.type} already`);
    this.#families.set(name, { name, help, type, read });
  }

  /** A family with one series that has no labels. */
  single(type: 'counter' | 'gauge', name: string, help: string, read: () => number): void {
    this.register(type, name, help, () => [{ labels: {}, value: read() }]);
  }

  *[Symbol.iterator](): Iterator<MetricFamily> {
    for (const name of [...this.#families.keys()].toSorted()) {
      const { help, type, read } = this.#families.get(name) as Registration;
      const samples = read();
      yield { name, help, type, samples: samples.length > SERIES_MAX ? samples.slice(0, SERIES_MAX) : samples };
    }
  }
}

function invalid(reason: string): FlotillaError {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'name', reason } });
}
