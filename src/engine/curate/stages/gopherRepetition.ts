/** Repetition within a document (Rae et al., "Scaling Language Models: Gopher", 2021, table A1). */
import type { Finding, Page, Stage } from './stage';
import { duplicates, Stretches } from './repetition';
import { lengthOf, wordsOf } from './words';

function measure({ text, language }: Page): Finding {
  const length = lengthOf(text);
  if (length === 0) return { values: {}, reason: 'empty' };
  const paragraphs = text.trim().split(/\n{2,}/);
  const ofParagraphs = duplicates(paragraphs);
  const lines = text.split(/\n+/);
  const ofLines = duplicates(lines);
  const words = wordsOf(text, language);
  const spaced = new Stretches(words, ' ');
  const joined = new Stretches(words, '');
  const top = (n: number): number => spaced.top(n) / length;
  const duplicate = (n: number): number => joined.repeated(n) / length;
  return {
    values: {
      duplicateParagraphs: ofParagraphs.count / paragraphs.length,
      duplicateParagraphCharacters: ofParagraphs.characters / length,
      duplicateLines: ofLines.count / lines.length,
      duplicateLineCharacters: ofLines.characters / length,
      top2Gram: top(2),
      top3Gram: top(3),
      top4Gram: top(4),
      duplicate5Grams: duplicate(5),
      duplicate6Grams: duplicate(6),
      duplicate7Grams: duplicate(7),
      duplicate8Grams: duplicate(8),
      duplicate9Grams: duplicate(9),
      duplicate10Grams: duplicate(10),
    },
  };
}

export const gopherRepetition: Stage = { name: 'gopherRepetition', measure };
