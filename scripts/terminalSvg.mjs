// A terminal's content, lines with ANSI styles, as a picture (SVG). Text stays text; what fonts draw
// unevenly or not at all (braille dots, lines, bars, bullets) is drawn as shapes, so that a plot
// looks the same everywhere. Covers the styles that our command line uses: bold, dim and the eight
// colours; a character takes one cell.

const CELL = { width: 8.4, height: 18 };
const PADDING = { x: 22, top: 54, bottom: 20 };
const FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";
const PAPER = { back: '#10151d', bar: '#171e29', edge: '#2a3444', ink: '#d5dde8', dim: '#77849a' };
/** By SGR code. */
const INKS = {
  30: '#4b5668',
  31: '#ff7b72',
  32: '#7ee2a0',
  33: '#f4c36a',
  34: '#79b8ff',
  35: '#d2a8ff',
  36: '#5ad1e0',
  37: PAPER.ink,
};

// eslint-disable-next-line no-control-regex -- the escape character begins every style.
const STYLE = /\u001b\[([\d;]*)m/g;

const PLAIN = { colour: undefined, bold: false, dim: false };

/** Lines as cells, `{ character, ink, bold }`. Styles last until they are changed, across lines too. */
function cellsOf(lines) {
  let style = PLAIN;
  return lines.map((line) => {
    const [cells, last] = lineCells(line, style);
    style = last;
    return cells;
  });
}

function lineCells(line, first) {
  const cells = [];
  let style = first;
  let from = 0;
  const take = (text) => {
    const ink = style.colour ?? (style.dim ? PAPER.dim : PAPER.ink);
    for (const character of text) cells.push({ character, ink, bold: style.bold });
  };
  for (const match of line.matchAll(STYLE)) {
    take(line.slice(from, match.index));
    from = match.index + match[0].length;
    for (const code of match[1].split(';').map(Number)) style = changed(style, code);
  }
  take(line.slice(from));
  return [cells, style];
}

function changed(style, code) {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, colour: undefined };
  return INKS[code] ? { ...style, colour: INKS[code] } : style;
}

const short = (value) => String(Math.round(value * 100) / 100);

/** Shapes by ink: strokes of one path each, since a plot has hundreds of dots. */
class Shapes {
  #paths = new Map();

  add(kind, ink, path) {
    const key = `${kind} ${ink}`;
    this.#paths.set(key, (this.#paths.get(key) ?? '') + path);
  }

  toString() {
    const widths = { dot: 2.5, line: 1, bar: 3, bullet: 6.5 };
    return [...this.#paths]
      .map(([key, path]) => {
        const [kind, ink] = key.split(' ');
        const cap = kind === 'dot' || kind === 'bullet' ? 'round' : 'butt';
        return `<path d="${path}" stroke="${ink}" stroke-width="${widths[kind]}" stroke-linecap="${cap}" fill="none"/>`;
      })
      .join('\n');
  }
}

/** Bit of a braille pattern -> its dot's column (of 2) and row (of 4). */
const DOTS = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [0, 3],
  [1, 3],
];

/** Which sides of the cell a line runs to from its middle: left, right, up, down. */
const LINES = { '─': 'lr', '│': 'ud', '└': 'ur', '┤': 'lud', '┴': 'lru', '├': 'rud', '┼': 'lrud' };

/** Draws a character that is a shape; false for any other. */
function drawShape({ character, ink }, x, y, shapes) {
  const [middleX, middleY] = [x + CELL.width / 2, y + CELL.height / 2];
  const at = (px, py) => `M${short(px)} ${short(py)}`;
  const code = character.codePointAt(0);
  if (code >= 0x2800 && code <= 0x28ff) {
    DOTS.forEach(([column, row], bit) => {
      if ((code >> bit) & 1)
        shapes.add(
          'dot',
          ink,
          `${at(x + ((column + 0.5) * CELL.width) / 2, y + ((row + 0.5) * CELL.height) / 4)}h0`,
        );
    });
    return true;
  }
  if (LINES[character]) {
    for (const side of LINES[character]) {
      const run = {
        l: `H${short(x)}`,
        r: `H${short(x + CELL.width)}`,
        u: `V${short(y)}`,
        d: `V${short(y + CELL.height)}`,
      };
      shapes.add('line', ink, at(middleX, middleY) + run[side]);
    }
    return true;
  }
  if (character === '━') {
    shapes.add('bar', ink, `${at(x, middleY)}h${short(CELL.width)}`);
    return true;
  }
  if (character === '●') {
    shapes.add('bullet', ink, `${at(middleX, middleY)}h0`);
    return true;
  }
  return false;
}

const escaped = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A stretch of equal style, made to take exactly its cells whatever the font's own width. */
function textOf(cells, x, y) {
  const text = cells.map(({ character }) => character).join('');
  const { ink, bold } = cells[0];
  return [
    `<text x="${short(x)}" y="${short(y + CELL.height * 0.72)}"`,
    ` textLength="${short(cells.length * CELL.width)}" lengthAdjust="spacingAndGlyphs"`,
    ink === PAPER.ink ? '' : ` fill="${ink}"`,
    bold ? ' font-weight="700"' : '',
    `>${escaped(text)}</text>`,
  ].join('');
}

/**
 * @param lines the terminal's lines with their styles
 * @param options.columns how wide the terminal is
 * @param options.title what stands above it
 */
export function terminalSvg(lines, { columns, title }) {
  const width = columns * CELL.width + 2 * PADDING.x;
  const height = lines.length * CELL.height + PADDING.top + PADDING.bottom;
  const shapes = new Shapes();
  const texts = [];
  cellsOf(lines).forEach((cells, row) => {
    const y = PADDING.top + row * CELL.height;
    let word = [];
    let start = 0;
    const flush = () => {
      if (word.length > 0) texts.push(textOf(word, PADDING.x + start * CELL.width, y));
      word = [];
    };
    cells.forEach((cell, column) => {
      const drawn = drawShape(cell, PADDING.x + column * CELL.width, y, shapes);
      const [first] = word;
      const alike = first && first.ink === cell.ink && first.bold === cell.bold;
      // Blanks divide: some viewers would fold two into one and stretch the rest.
      if (drawn || cell.character === ' ' || !alike) flush();
      if (drawn || cell.character === ' ') return;
      if (word.length === 0) start = column;
      word.push(cell);
    });
    flush();
  });
  const lights = ['#ff6b62', '#f5bf4f', '#62c655'].map(
    (ink, i) => `<circle cx="${22 + i * 20}" cy="19" r="6" fill="${ink}"/>`,
  );
  const [w, h] = [short(width), short(height)];
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-family="${FONT}" font-size="14" fill="${PAPER.ink}">`,
    `<title>${escaped(title)}</title>`,
    `<rect x=".5" y=".5" width="${short(width - 1)}" height="${short(height - 1)}" rx="10" fill="${PAPER.back}"/>`,
    `<path d="M.5 38V10.5a10 10 0 0 1 10-10H${short(width - 10.5)}a10 10 0 0 1 10 10V38z" fill="${PAPER.bar}"/>`,
    `<path d="M.5 38H${short(width - 0.5)}" stroke="${PAPER.edge}"/>`,
    `<rect x=".5" y=".5" width="${short(width - 1)}" height="${short(height - 1)}" rx="10" fill="none" stroke="${PAPER.edge}"/>`,
    ...lights,
    `<text x="${short(width / 2)}" y="24" text-anchor="middle" fill="${PAPER.dim}" font-size="13">${escaped(title)}</text>`,
    ...texts,
    shapes.toString(),
    '</svg>',
  ].join('\n')}\n`;
}
