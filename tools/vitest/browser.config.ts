import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { sourceConditions, testsFor } from './base.js';

const executablePath = process.env['CHROMIUM'];
// Servers that the pages of a package's tests talk to: started before, told to the tests by provide() and inject().
const servers = join(process.cwd(), 'test/browser-servers.ts');

export default defineConfig({
  root: process.cwd(),
  resolve: { conditions: [...sourceConditions, 'browser', 'module', 'import', 'default'] },
  optimizeDeps: { include: ['vitest > expect-type'], exclude: [] },
  test: {
    ...testsFor('browser'),
    ...(existsSync(servers) ? { globalSetup: [servers] } : {}),
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(executablePath === undefined ? {} : { executablePath }),
          args: [
            '--no-sandbox',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            '--no-first-run',
          ],
        },
      }),
      instances: [{ browser: 'chromium' }],
    },
  },
});
