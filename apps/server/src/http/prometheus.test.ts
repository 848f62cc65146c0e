import { expect, test } from 'vitest';
import { PrometheusText } from './prometheus.js';

test('what is no number is written as the text format has it, however soon one scrape follows another', async () => {
  const metrics = new PrometheusText();
  const families = [
    { name: 'flotilla_nothing', help: 'h', type: 'gauge', samples: [{ labels: {}, value: Number.NaN }] },
  ] as const;
  for (let scrape = 0; scrape < 3; scrape++) {
    const values = (await metrics.render(families)).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(values).toContain('flotilla_nothing NaN');
    for (const line of values) expect(line).toMatch(/ (-?\d|[+-]Inf$|NaN$)/);
  }
});
