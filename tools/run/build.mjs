// npm run build: builds all projects.
import { build } from './nx.mjs';

build();
process.stdout.write('built\n');
