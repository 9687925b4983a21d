/** What is remembered of texts keeps none of them: memory doesn't grow with the number of documents. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ownString } from '../../src/base/ownString';
import { openMinHash } from '../../src/engine/curate/duplicates/minHash';
import { PageElement } from '../../src/engine/curate/stages/pageNodes';
import { spacedWords } from '../../src/engine/curate/stages/spacedWords';

setFlagsFromString('--expose-gc');

function heapInUse(): number {
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed;
}

const LENGTH = 1 << 19;
const TEXTS = 60;

/** A text of half a mebibyte with a few words of its own, in one piece in memory. */
function textOf(number: number): string {
  const own = `its-very-own-word-${number} itsveryownword${String(number).replace(/\d/g, 'x$&y')} `;
  return Buffer.from(own.padEnd(LENGTH, 'and so on ')).toString('latin1');
}

it('words of a text outlive it alone', async () => {
  const bandKeys = await openMinHash({ bands: 1, hashes: 1, words: 5 });
  const look = (number: number): void => {
    const text = textOf(number);
    bandKeys(spacedWords(text).slice(0, 100));
    // Its tag is a part of the page that it stood in.
    new PageElement(text.slice(0, text.indexOf(' ')));
  };
  look(0);
  const before = heapInUse();
  for (let number = 1; number <= TEXTS; number++) look(number);
  expect(heapInUse() - before).toBeLessThan((TEXTS * LENGTH) / 4);
});

it('are the same characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(ownString(text)).toBe(text);
    }),
  );
  // Half a pair, as JSON may hold it.
  expect(ownString(`\ud800${'a'.repeat(20)}`)).toBe(`\ud800${'a'.repeat(20)}`);
});
