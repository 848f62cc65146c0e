/** What a setting holds. `list` is written with commas on a command line and in the environment, as an array in a file. */
export type SettingKind = 'string' | 'number' | 'boolean' | 'list';

/** One setting of `flotilla serve`, known under one name on the command line, in the environment and in the file. */
export interface Setting {
  /** camelCase, as in the file. */
  readonly name: string;
  readonly kind: SettingKind;
  /** Undefined: none, which the description explains. */
  readonly default: string | number | boolean | readonly string[] | undefined;
  readonly description: string;
}

/** A value of a setting. */
export type SettingValue = string | number | boolean | readonly string[];

/** The flag of a setting: `electionTimeoutMs` is `--election-timeout-ms`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable of a setting: `electionTimeoutMs` is `FLOTILLA_ELECTION_TIMEOUT_MS`. */
export function variableOf(name: string): string {
  return `FLOTILLA_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
