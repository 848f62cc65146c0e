const strict = new TextDecoder('utf-8', { fatal: true });

/** Bytes as text where they are UTF-8, else as base64 with its name before it. */
export function textOf(bytes: Uint8Array): string {
  return asUtf8(bytes) ?? `base64:${Buffer.from(bytes).toString('base64')}`;
}

/** A field for JSON: `name` where the bytes are UTF-8, else `nameBase64`. */
export function jsonField(name: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  const text = asUtf8(bytes);
  return text === undefined ? { [`${name}Base64`]: Buffer.from(bytes).toString('base64') } : { [name]: text };
}

function asUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    // Not UTF-8: the caller has another form for that.
    return undefined;
  }
}
