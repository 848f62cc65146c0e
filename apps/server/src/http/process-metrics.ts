import { memoryUsage } from 'node:process';
import { collectDefaultMetrics, Counter, Gauge, type Registry } from 'prom-client';

/** Prefix of what is measured of the process; the node's own numbers bring theirs. */
const PREFIX = 'flotilla_';

/** Gauges of the process that are named as counters are; the same numbers exist under a name of their own. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

/** Registers what is measured of the process: CPU, memory, event loop. */
export function registerProcessMetrics(register: Registry): void {
  if ('deno' in process.versions) {
    registerWithoutProc(register);
    return;
  }
  collectDefaultMetrics({ register, prefix: PREFIX });
  for (const name of MISNAMED) register.removeSingleMetric(`${PREFIX}${name}`);
}

/** The same under the same names, as far as it needs no /proc: Deno opens that with all permissions only. */
function registerWithoutProc(register: Registry): void {
  const cpu = (name: string, help: string, read: () => number): void => {
    let before = 0;
    register.registerMetric(
      new Counter({
        name: `${PREFIX}process_cpu_${name}`,
        help,
        registers: [],
        collect() {
          const now = read();
          this.inc((now - before) / MICROSECONDS);
          before = now;
        },
      }),
    );
  };
  cpu('user_seconds_total', 'Total user CPU time spent in seconds.', () => process.cpuUsage().user);
  cpu('system_seconds_total', 'Total system CPU time spent in seconds.', () => process.cpuUsage().system);
  cpu('seconds_total', 'Total user and system CPU time spent in seconds.', () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  });
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    register.registerMetric(
      new Gauge({
        name: `${PREFIX}${name}`,
        help,
        registers: [],
        async collect() {
          this.set(await read());
        },
      }),
    );
  };
  const started = Date.now() / MILLISECONDS - process.uptime();
  gauge('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', () => started);
  gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () => memoryUsage().rss);
  gauge('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', () => memoryUsage().heapTotal);
  gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', () => memoryUsage().heapUsed);
  gauge('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', () => memoryUsage().external);
  gauge('nodejs_eventloop_lag_seconds', 'Lag of event loop in seconds.', async () => {
    const from = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    return (performance.now() - from) / MILLISECONDS;
  });
}
