import { Changer, type ChangeResult, type ConfChangeSingle, ProgressTracker } from '@flotilla/raft-core';
import { parseBoolean, singleValue } from './datadriven/arguments.js';
import { type Directive, DirectiveError } from './datadriven/directive.js';
import { parseConfChanges } from './text/conf-change.js';
import { describeConfiguration } from './text/configuration.js';
import { describeProgressOfAll } from './text/progress.js';

/** All commands of etcd/raft's confchange files. */
export const CONF_CHANGE_COMMANDS: ReadonlySet<string> = new Set(['simple', 'enter-joint', 'leave-joint']);

const MAX_INFLIGHT_MESSAGES = 10;

/** One configuration, changed by the directives of one file. */
export class ConfChangeEnvironment {
  readonly #tracker: ProgressTracker = new ProgressTracker(MAX_INFLIGHT_MESSAGES, Infinity);
  /** Rises by one with each directive, so that `next` of a new peer tells in which one it came. */
  #lastIndex = 0;

  /** The configuration and the progress of its members after the change, or why it was refused. */
  answer(directive: Directive): string {
    try {
      const result = this.#change(directive);
      if (!result.ok) return result.error;
      this.#tracker.switchTo(result.configuration, result.progress);
      const progress = describeProgressOfAll(result.progress.map((one) => one.status()));
      return `${describeConfiguration(result.configuration)}\n${progress}`;
    } catch (error) {
      if (error instanceof DirectiveError) return error.message;
      throw error;
    } finally {
      this.#lastIndex++;
    }
  }

  #change(directive: Directive): ChangeResult {
    const changes = parseConfChanges(directive.input);
    const changer = new Changer(this.#tracker, this.#lastIndex);
    switch (directive.command) {
      case 'simple':
        return changer.simple(changes);
      case 'enter-joint':
        return changer.enterJoint(autoLeaveOf(directive), changes);
      case 'leave-joint':
        return leaveJoint(changer, changes);
      default:
        throw new DirectiveError('unknown command');
    }
  }
}

function autoLeaveOf(directive: Directive): boolean {
  return directive.arguments.length > 0 && parseBoolean(singleValue(directive, 'autoleave'));
}

function leaveJoint(changer: Changer, changes: readonly ConfChangeSingle[]): ChangeResult {
  if (changes.length > 0) throw new DirectiveError('this command takes no input');
  return changer.leaveJoint();
}
