/** The browser that CHROMIUM names, else the first of the usual places; undefined when there is none. */
export function findChromium(): string | undefined;
