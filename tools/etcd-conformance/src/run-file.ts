import { ConfChangeEnvironment } from './confchange-environment.js';
import { type DirectiveHandler, type DirectiveOutcome, runDirectives } from './datadriven/run-directives.js';
import type { DataFile, FileKind } from './discover.js';
import { answerInteractionDirective } from './interaction/commands.js';
import { InteractionEnvironment } from './interaction/environment.js';
import { answerQuorumDirective } from './quorum-environment.js';

/** Runs one file in a fresh environment of its kind. */
export function runFile({ kind, directives }: Pick<DataFile, 'kind' | 'directives'>): readonly DirectiveOutcome[] {
  return runDirectives(directives, environmentFor(kind));
}

function environmentFor(kind: FileKind): DirectiveHandler {
  switch (kind) {
    case 'quorum':
      return answerQuorumDirective;
    case 'confchange': {
      const environment = new ConfChangeEnvironment();
      return (directive) => environment.answer(directive);
    }
    case 'interaction': {
      const environment = new InteractionEnvironment();
      return (directive) => answerInteractionDirective(environment, directive);
    }
  }
}
