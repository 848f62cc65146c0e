import { systemRuntime } from '@flotilla/runtime/system';
import { Command } from 'commander';
import { certificateFacts, readCertificates } from '../certificates/certificate-facts.js';
import { readText, writeFiles } from '../certificates/certificate-files.js';
import { certificateHost } from '../certificates/certificate-hosts.js';
import { certificateJson, certificateText } from '../certificates/certificate-report.js';
import { wholeNumber } from '../cli/whole-number.js';
import { json, line } from '../output/print.js';

const DAY_MS = 86_400_000;

interface RenewOptions {
  readonly ca: string;
  readonly out?: string;
  readonly days?: number;
  readonly host?: readonly string[];
  readonly nodeId?: number;
  readonly json?: boolean;
}

/** `flotilla cert renew`: the same key and names, valid anew. */
export function certRenewCommand(): Command {
  return new Command('renew')
    .description('make a certificate valid anew; key and names stay, and so does its SPKI pin')
    .argument('<file>', 'the certificate (cert.pem); replaced in one step, unless --out is given')
    .requiredOption('--ca <folder>', 'folder of the authority that is to sign it')
    .option('--days <number>', 'days that it is valid (default: as many as before)', wholeNumber(1, 36_500))
    .option('--host <name|ip...>', 'hosts instead of the former ones')
    .option(
      '--node-id <id>',
      'bind a certificate that was not bound to a node',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option('--out <file>', 'write it here instead; the file must not exist')
    .option('--json', 'JSON for machines instead of text for people')
    .action(async (file: string, options: RenewOptions) => {
      const { renewCertificate } = await import('../certificates/issue.js');
      const { readAuthority } = await import('../certificates/read-authority.js');
      const now = systemRuntime.wallClock();
      const [former] = readCertificates(await readText(file, 'Name the certificate that is to be renewed'), file);
      const authority = await readAuthority(options.ca);
      const { host, nodeId, days = daysOf(certificateFacts(former)) } = options;
      const changes = {
        days,
        ...(host === undefined ? {} : { hosts: host.map(certificateHost) }),
        ...(nodeId === undefined ? {} : { nodeId }),
      };
      const renewed = await renewCertificate(authority, former.toString(), changes, now);
      const path = options.out ?? file;
      await writeFiles([{ path, text: renewed, access: 'public' }], options.out === undefined ? 'overwrite' : 'keep');
      const [certificate] = readCertificates(renewed, path);
      const facts = certificateFacts(certificate);
      if (options.json === true) json({ files: [path], ...certificateJson(facts, now) });
      else {
        process.stdout.write(certificateText(facts, now));
        line(`wrote       ${path}`);
      }
    });
}

/** What is over whole days is the hour by which certificates begin before they are made. */
function daysOf({ notBefore, notAfter }: { readonly notBefore: Date; readonly notAfter: Date }): number {
  return Math.max(1, Math.floor((notAfter.getTime() - notBefore.getTime()) / DAY_MS));
}
