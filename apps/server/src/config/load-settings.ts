import { readFile } from 'node:fs/promises';
import { FlotillaError } from '@flotilla/errors';
import { closest } from 'fastest-levenshtein';
import { flagOf, type Setting, type SettingValue, variableOf } from './setting.js';

/** Where a value came from, in order of precedence. */
export type SettingSource = 'flag' | 'environment' | 'file' | 'default';

/** All settings with their values and where each came from. */
export interface LoadedSettings {
  readonly values: ReadonlyMap<string, SettingValue>;
  readonly sources: ReadonlyMap<string, SettingSource>;
}

/** What the settings are read from. */
export interface SettingInputs {
  readonly settings: readonly Setting[];
  /** By setting name; what the command line gave. */
  readonly flags: ReadonlyMap<string, string | boolean>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A JSON file; undefined: none. */
  readonly file: string | undefined;
  /** Variables that begin with FLOTILLA_ and are no settings. */
  readonly otherVariables: readonly string[];
}

/**
 * Reads settings: flags over FLOTILLA_* variables over the file over defaults.
 *
 * @throws {FlotillaError} InvalidConfig for an unknown key (with the nearest name), or a value of the wrong kind.
 */
export async function loadSettings(inputs: SettingInputs): Promise<LoadedSettings> {
  const values = new Map<string, SettingValue>();
  const sources = new Map<string, SettingSource>();
  const put = (setting: Setting, value: SettingValue, source: SettingSource): void => {
    values.set(setting.name, value);
    sources.set(setting.name, source);
  };
  for (const setting of inputs.settings) if (setting.default !== undefined) put(setting, setting.default, 'default');
  for (const [setting, value] of await fromFile(inputs)) put(setting, value, 'file');
  for (const [setting, value] of fromEnvironment(inputs)) put(setting, value, 'environment');
  for (const setting of inputs.settings) {
    const given = inputs.flags.get(setting.name);
    if (given !== undefined) put(setting, parse(setting, given, flagOf(setting.name)), 'flag');
  }
  return { values, sources };
}

async function fromFile({ file, settings }: SettingInputs): Promise<[Setting, SettingValue][]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw invalid('config', `the file ${file} cannot be read: ${(cause as Error).message}`, undefined, cause);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalid('config', `the file ${file} is no JSON: ${(cause as Error).message}`, undefined, cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw invalid('config', `the file ${file} must hold one JSON object`);
  }
  return Object.entries(parsed).map(([name, value]) => {
    const setting = settings.find((candidate) => candidate.name === name);
    if (setting === undefined)
      throw unknown(
        name,
        `in ${file}`,
        settings.map((candidate) => candidate.name),
      );
    return [setting, check(setting, value, `${name} in ${file}`)];
  });
}

function fromEnvironment({ environment, settings, otherVariables }: SettingInputs): [Setting, SettingValue][] {
  const byVariable = new Map(settings.map((setting) => [variableOf(setting.name), setting]));
  const found: [Setting, SettingValue][] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('FLOTILLA_') || text === undefined || otherVariables.includes(variable)) continue;
    const setting = byVariable.get(variable);
    if (setting === undefined) throw unknown(variable, 'in the environment', [...byVariable.keys(), ...otherVariables]);
    found.push([setting, parse(setting, text, variable)]);
  }
  return found;
}

/** A value out of text: of a flag (true: given without a value) or of a variable. */
function parse(setting: Setting, text: string | boolean, where: string): SettingValue {
  switch (setting.kind) {
    case 'boolean':
      if (text === true || text === 'true' || text === '1') return true;
      if (text === false || text === 'false' || text === '0') return false;
      throw invalid(setting.name, `${where} must be true or false, not "${text}"`);
    case 'number': {
      const number = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
      if (!Number.isFinite(number)) throw invalid(setting.name, `${where} must be a number, not "${text}"`);
      return number;
    }
    case 'list':
      return typeof text === 'string'
        ? text
            .split(',')
            .map((part) => part.trim())
            .filter((part) => part !== '')
        : [];
    case 'string':
      if (typeof text !== 'string' || text === '') throw invalid(setting.name, `${where} must not be empty`);
      return text;
  }
}

/** A value out of a file, of the JSON type of its kind. */
function check(setting: Setting, value: unknown, where: string): SettingValue {
  const fits =
    setting.kind === 'list'
      ? Array.isArray(value) && value.every((part) => typeof part === 'string')
      : typeof value === setting.kind && value !== '';
  if (!fits)
    throw invalid(setting.name, `${where} must be a ${setting.kind}${setting.kind === 'list' ? ' of strings' : ''}`);
  return value as SettingValue;
}

function unknown(name: string, where: string, known: readonly string[]): FlotillaError {
  const nearest = closest(name, [...known]);
  return invalid(name, `unknown setting "${name}" ${where}; did you mean "${nearest}"?`, nearest);
}

function invalid(key: string, reason: string, nearest?: string, cause?: unknown): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', {
    message: reason,
    details: nearest === undefined ? { key, reason } : { key, reason, nearest },
    cause,
  });
}
