import { defineConfig } from 'vite';

// The page is built from the sources of its siblings, so that no build of theirs can be stale.
const conditions = ['@flotilla/source', 'browser', 'module', 'import', 'default'];

export default defineConfig({
  base: './',
  resolve: { conditions },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    target: 'es2024',
    outDir: 'dist',
    emptyOutDir: true,
    sourcemap: true,
    reportCompressedSize: false,
    rolldownOptions: { input: ['index.html', 'examples/member/index.html'] },
  },
});
