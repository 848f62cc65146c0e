import { join } from 'node:path';
import { systemRuntime } from '@flotilla/runtime/system';
import { Command } from 'commander';
import { certificateFacts, readCertificates } from '../certificates/certificate-facts.js';
import { AUTHORITY_FILES, type CertificateFile, LEAF_FILES, writeFiles } from '../certificates/certificate-files.js';
import { certificateHost } from '../certificates/certificate-hosts.js';
import { certificateJson, certificateText } from '../certificates/certificate-report.js';
import type { LeafRequest } from '../certificates/issue.js';
import { wholeNumber } from '../cli/whole-number.js';
import { json, line } from '../output/print.js';

const DAYS_MAX = 36_500;
const AUTHORITY_DAYS = 3_650;

interface IssueOptions {
  readonly out: string;
  readonly name?: string;
  readonly days?: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

interface LeafOptions extends IssueOptions {
  readonly ca: string;
}

interface NodeOptions extends LeafOptions {
  readonly nodeId?: number;
  readonly host?: readonly string[];
  readonly browser?: boolean;
}

/** `flotilla cert ca`: the authority of a cluster. */
export function certAuthorityCommand(): Command {
  return addIssueOptions(new Command('ca'), Object.values(AUTHORITY_FILES))
    .description('make the authority of a cluster: its key signs all else, and no server needs it')
    .option('--name <text>', 'name of the authority', 'Flotilla cluster CA')
    .option('--days <number>', 'days that it is valid', wholeNumber(1, DAYS_MAX), AUTHORITY_DAYS)
    .action(async (options: IssueOptions) => {
      // Loaded where certificates are made: servers, which only read them, do without.
      const { createAuthority } = await import('../certificates/issue.js');
      const { cert, key } = await createAuthority(
        options.name ?? '',
        options.days ?? AUTHORITY_DAYS,
        systemRuntime.wallClock(),
      );
      await finish(options, [
        { path: join(options.out, AUTHORITY_FILES.cert), text: cert, access: 'public' },
        { path: join(options.out, AUTHORITY_FILES.key), text: key, access: 'secret' },
      ]);
    });
}

/** `flotilla cert node`: the certificate of a node. */
export function certNodeCommand(): Command {
  return addLeafOptions(new Command('node'))
    .description('make the certificate of a node, with which it listens and dials')
    .option('--node-id <id>', 'bind it to the node with this id', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--host <name|ip...>', 'names and IP addresses by which wss: addresses reach the node')
    .option('--name <text>', 'a name for people (default: the id, or the first host)')
    .option('--browser', 'valid for 13 days at most, so that browsers take it by its hash')
    .action(async ({ nodeId, host = [], browser = false, ...options }: NodeOptions) => {
      const hosts = host.map(certificateHost);
      const name = options.name ?? (nodeId === undefined ? hosts[0]?.value : `node ${nodeId}`) ?? 'node';
      const audience = browser ? 'browsers' : 'nodes';
      await issueLeaf(options, { role: 'node', name, nodeId, hosts, audience, days: options.days });
    });
}

/** `flotilla cert client`: the certificate of an application or a person. */
export function certClientCommand(): Command {
  return addLeafOptions(new Command('client'))
    .description('make the certificate of an application or a person, which never speaks as a node')
    .option('--name <text>', 'who it is for', 'client')
    .action(async (options: LeafOptions) => {
      await issueLeaf(options, { role: 'client', name: options.name ?? '', days: options.days });
    });
}

function addIssueOptions(command: Command, files: readonly string[]): Command {
  return command
    .requiredOption('--out <folder>', `folder to write ${files.join(', ')} to`)
    .option('--overwrite', 'replace these files where they exist')
    .option('--json', 'JSON for machines instead of text for people');
}

function addLeafOptions(command: Command): Command {
  return addIssueOptions(command, Object.values(LEAF_FILES))
    .requiredOption('--ca <folder>', 'folder of the authority, as "flotilla cert ca" made it')
    .option(
      '--days <number>',
      'days that it is valid (default: 365, or as long as the authority)',
      wholeNumber(1, DAYS_MAX),
    );
}

async function issueLeaf(options: LeafOptions, request: LeafRequest): Promise<void> {
  const { createLeaf } = await import('../certificates/issue.js');
  const { readAuthority } = await import('../certificates/read-authority.js');
  const now = systemRuntime.wallClock();
  const authority = await readAuthority(options.ca);
  const { cert, key } = await createLeaf(authority, request, now);
  await finish(options, [
    { path: join(options.out, LEAF_FILES.cert), text: cert, access: 'public' },
    { path: join(options.out, LEAF_FILES.key), text: key, access: 'secret' },
    { path: join(options.out, LEAF_FILES.ca), text: authority.cert, access: 'public' },
  ]);
}

/** Writes the files and says what they are; the first is the certificate. */
async function finish(options: IssueOptions, files: readonly [CertificateFile, ...CertificateFile[]]): Promise<void> {
  await writeFiles(files, options.overwrite === true ? 'overwrite' : 'keep');
  const [{ path, text }] = files;
  const [certificate] = readCertificates(text, path);
  const facts = certificateFacts(certificate);
  const now = systemRuntime.wallClock();
  if (options.json === true) json({ files: files.map((file) => file.path), ...certificateJson(facts, now) });
  else {
    process.stdout.write(certificateText(facts, now));
    for (const file of files) line(`wrote       ${file.path}${file.access === 'secret' ? ' (secret)' : ''}`);
  }
}
