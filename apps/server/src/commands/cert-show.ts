import { systemRuntime } from '@flotilla/runtime/system';
import { Command } from 'commander';
import { certificateFacts, readCertificates } from '../certificates/certificate-facts.js';
import { readText } from '../certificates/certificate-files.js';
import { certificateJson, certificateText } from '../certificates/certificate-report.js';
import { json } from '../output/print.js';

/** `flotilla cert show`: what a certificate says. */
export function certShowCommand(): Command {
  return new Command('show')
    .description('show what a certificate says: names, node, validity, SPKI pin, and its hash for browsers')
    .argument('<file>', 'certificates in PEM')
    .option('--json', 'JSON for machines: the first certificate, and the others as "chain"')
    .action(async (file: string, options: { readonly json?: boolean }) => {
      const now = systemRuntime.wallClock();
      const [first, ...others] = readCertificates(await readText(file, 'Name a file with a certificate'), file).map(
        certificateFacts,
      );
      if (first === undefined) return;
      if (options.json === true) {
        json({ ...certificateJson(first, now), chain: others.map((facts) => certificateJson(facts, now)) });
      } else {
        process.stdout.write([first, ...others].map((facts) => certificateText(facts, now)).join('\n'));
      }
    });
}
