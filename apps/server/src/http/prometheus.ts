import type { MetricFamily } from '@flotilla/cluster';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** Prefix of what is measured of the process; the node's own numbers bring theirs. */
const PREFIX = 'flotilla_';

/** Gauges of the process that are named as counters are; the same numbers exist under a name of their own. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Renders the node's numbers, and those of the process (CPU, memory, event loop), in the text format of Prometheus. */
export class PrometheusText {
  readonly #process = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#process, prefix: PREFIX });
    for (const name of MISNAMED) this.#process.removeSingleMetric(`${PREFIX}${name}`);
  }

  /** Media type of the text. */
  get contentType(): string {
    return this.#process.contentType;
  }

  /** The families as they are now. */
  async render(families: Iterable<MetricFamily>): Promise<string> {
    const registry = new Registry();
    for (const family of families) add(registry, family);
    return `${await registry.metrics()}${await this.#process.metrics()}`;
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
