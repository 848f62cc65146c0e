export { runCli, type CliEnvironment } from './cli.js';
