// One measurement in a process of its own, so that what one teaches the compiler does not colour the next.
import { measureCore } from './measure-core.js';
import { parseShape } from './parse-shape.js';

process.stdout.write(`${JSON.stringify(measureCore(parseShape(process.argv.slice(2))))}\n`);
