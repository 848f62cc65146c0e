import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { sourceConditions, testsFor } from './base.js';

const executablePath = process.env['CHROMIUM'];

export default defineConfig({
  root: process.cwd(),
  resolve: { conditions: [...sourceConditions, 'browser', 'module', 'import', 'default'] },
  optimizeDeps: { include: ['vitest > expect-type'], exclude: [] },
  test: {
    ...testsFor('browser'),
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
