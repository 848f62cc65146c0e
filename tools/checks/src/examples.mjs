// Fenced code blocks of a Markdown text. A block of language ts is a program: it runs as it stands.
/** All fenced blocks: { language, attributes, code, line }. */
export function codeBlocks(text) {
  const blocks = [];
  const lines = text.split('\n');
  for (let number = 0; number < lines.length; number++) {
    const open = /^(\s*)```(\w*)[ \t]*(.*)$/.exec(lines[number]);
    if (open === null) continue;
    const start = number + 1;
    while (number + 1 < lines.length && !/^\s*```\s*$/.test(lines[number + 1])) number++;
    blocks.push({
      language: open[2],
      attributes: open[3].trim(),
      code: `${lines.slice(start, number + 1).join('\n')}\n`,
      line: start,
    });
    number++;
  }
  return blocks;
}

/**
 * The programs of a text: each ts block, with the output that the next block states if that is a text block marked
 * `output`. A ts block marked `continues` goes on from the one before it; one marked `declaration` only shows a shape.
 */
export function programs(text) {
  const list = [];
  const blocks = codeBlocks(text);
  for (const [place, block] of blocks.entries()) {
    if (block.language !== 'ts' || block.attributes.includes('declaration')) continue;
    const next = blocks[place + 1];
    const output = next?.language === 'text' && next.attributes.includes('output') ? next.code : undefined;
    const last = list.at(-1);
    if (block.attributes.includes('continues') && last !== undefined) {
      last.code += block.code;
      if (output !== undefined) last.output = (last.output ?? '') + output;
    } else {
      list.push({ code: block.code, line: block.line, output });
    }
  }
  return list;
}
