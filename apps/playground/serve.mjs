// Serves the built page: npm run playground [-- --port N].
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';

const usage = 'usage: npm run playground -- [--port N]   (N from 0 to 65535; 0 takes a free one; default 7300)';
let port;
try {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '7300' } } });
  port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error(`no port: ${values.port}`);
} catch (error) {
  process.stderr.write(`${error.message}\n${usage}\n`);
  process.exit(2);
}
const server = await preview({
  root: fileURLToPath(new URL('.', import.meta.url)),
  preview: { host: 'localhost', port, strictPort: true },
  logLevel: 'error',
}).catch((error) => {
  process.stderr.write(`${error.message}\n${usage}\n`);
  process.exit(1);
});
process.stdout.write(`Flotilla playground: ${server.resolvedUrls?.local[0]}   (Ctrl-C ends it)\n`);
