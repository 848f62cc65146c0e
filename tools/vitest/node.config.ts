import { defineConfig } from 'vitest/config';
import { sourceConditions, testsFor } from './base.js';

export default defineConfig({
  root: process.cwd(),
  resolve: { conditions: sourceConditions },
  ssr: { resolve: { conditions: sourceConditions } },
  test: testsFor('node'),
});
