import { expect, test } from 'vitest';
import type { DenoPermission } from './deno.js';
import { visibleEnvironment } from './environment.js';

type State = 'granted' | 'prompt' | 'denied';

/** A Deno whose variables are in a state each; `listing` is that of all together. */
function denoWith(
  listing: State,
  ofVariable: (variable: string) => State,
): { permission(needed: DenoPermission): State } {
  return {
    permission: (needed) =>
      needed.name === 'env' && needed.variable !== undefined ? ofVariable(needed.variable) : listing,
  };
}

function notCapable(): Error {
  return Object.assign(new Error('Requires env access'), { name: 'NotCapable' });
}

/** Variables as Deno shows them that may be read by name only. */
function unlistable(variables: Record<string, string>): Record<string, string | undefined> {
  return new Proxy(variables, {
    ownKeys: () => {
      throw notCapable();
    },
  });
}

test('on Node all variables are seen', () => {
  const all = { FLOTILLA_LISTEN: 'a', PATH: 'b' };
  expect(visibleEnvironment(all, ['FLOTILLA_LISTEN'], undefined)).toBe(all);
});

test('with --allow-env=FLOTILLA_* --ignore-env the listing has what is allowed', () => {
  // Deno itself leaves the hidden ones out.
  const all = { FLOTILLA_LISTEN: 'a', FLOTILLA_LISTN: 'b' };
  const deno = denoWith('denied', () => 'granted');
  expect(visibleEnvironment(all, ['FLOTILLA_LISTEN'], deno)).toEqual(all);
});

test('with --allow-env=FLOTILLA_* alone known names are looked at one by one, and nobody is asked', () => {
  const all = unlistable({ FLOTILLA_LISTEN: 'a', PATH: 'b' });
  const deno = denoWith('prompt', (variable) => (variable.startsWith('FLOTILLA_') ? 'granted' : 'prompt'));
  expect(visibleEnvironment(all, ['FLOTILLA_LISTEN'], deno)).toEqual({ FLOTILLA_LISTEN: 'a' });
});

test('what is denied outright is left alone', () => {
  const deno = denoWith('denied', () => 'denied');
  expect(visibleEnvironment(unlistable({ FLOTILLA_LISTEN: 'a' }), ['FLOTILLA_LISTEN'], deno)).toEqual({});
});

test('where nothing was said of the variables, one that is set must not be overlooked', () => {
  const deno = denoWith('prompt', () => 'prompt');
  expect(() => visibleEnvironment(unlistable({}), ['FLOTILLA_LISTEN'], deno)).toThrow(
    expect.objectContaining({ code: 'InvalidConfig', message: expect.stringContaining('--allow-env=FLOTILLA_*') }),
  );
});
