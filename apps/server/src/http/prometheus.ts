import type { MetricFamily } from '@flotilla/cluster';
import { Counter, Gauge, Registry } from 'prom-client';
import { registerProcessMetrics } from './process-metrics.js';

/** Renders the node's numbers, and those of the process (CPU, memory, event loop), in the text format of Prometheus. */
export class PrometheusText {
  readonly #process = new Registry();

  constructor() {
    registerProcessMetrics(this.#process);
  }

  /** Media type of the text. */
  get contentType(): string {
    return this.#process.contentType;
  }

  /** The families as they are now. */
  async render(families: Iterable<MetricFamily>): Promise<string> {
    const registry = new Registry();
    for (const family of families) add(registry, family);
    // Of a mean over nothing, which two scrapes in a row give, the library writes what the format does not know.
    return `${await registry.metrics()}${await this.#process.metrics()}`.replaceAll(' Nan\n', ' NaN\n');
  }
}

function add(registry: Registry, { name, help, type, samples }: MetricFamily): void {
  const labelNames = [...new Set(samples.flatMap((sample) => Object.keys(sample.labels)))];
  const options = { name, help, labelNames, registers: [registry] };
  if (type === 'counter') {
    const counter = new Counter(options);
    for (const { labels, value } of samples) counter.inc(labels, value);
  } else {
    const gauge = new Gauge(options);
    for (const { labels, value } of samples) gauge.set(labels, value);
  }
}
