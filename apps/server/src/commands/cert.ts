import { Command } from 'commander';
import { certAuthorityCommand, certClientCommand, certNodeCommand } from './cert-issue.js';
import { certRenewCommand } from './cert-renew.js';
import { certShowCommand } from './cert-show.js';

/** `flotilla cert`: an authority of the cluster's own, and the certificates that it signs. */
export function certCommand(): Command {
  const command = new Command('cert').description('certificates for mutual TLS: an authority, nodes, clients');
  for (const child of [
    certAuthorityCommand(),
    certNodeCommand(),
    certClientCommand(),
    certRenewCommand(),
    certShowCommand(),
  ]) {
    command.addCommand(child);
  }
  return command;
}
