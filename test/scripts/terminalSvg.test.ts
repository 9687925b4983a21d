import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

type Draw = (lines: readonly string[], options: { columns: number; title: string }) => string;

const { terminalSvg } = z
  .object({ terminalSvg: z.custom<Draw>((value) => typeof value === 'function') })
  .parse(await import(path.resolve('scripts/terminalSvg.mjs')));

const draw = (...lines: string[]): string => terminalSvg(lines, { columns: 40, title: 'a & b' });

/** The words of a picture, each with its attributes. */
const words = (svg: string): { word: string; attributes: string }[] =>
  [...svg.matchAll(/<text ([^>]*textLength[^>]*)>([^<]*)<\/text>/g)].map(
    ([, attributes = '', word = '']) => ({ word, attributes }),
  );

describe('the picture of a terminal', () => {
  it('holds every word in its place', () => {
    const found = words(draw('one  two', ' three'));
    expect(found.map(({ word }) => word)).toEqual(['one', 'two', 'three']);
    const place = (i: number, name: string): number =>
      Number(new RegExp(`(?:^| )${name}="([\\d.]+)"`).exec(found[i]!.attributes)?.[1]);
    expect(place(1, 'x') - place(0, 'x')).toBeCloseTo(5 * 8.4, 1);
    expect(place(2, 'x') - place(0, 'x')).toBeCloseTo(8.4, 1);
    expect(place(2, 'y') - place(0, 'y')).toBeCloseTo(18, 1);
  });

  it('keeps what markup would take for its own', () => {
    expect(words(draw('<b>&'))[0]?.word).toBe('&lt;b&gt;&amp;');
    expect(draw('x')).toContain('<title>a &amp; b</title>');
  });

  it('lets a style last until it is changed, across lines too', () => {
    const found = words(draw('\u001b[1;36mbold', 'still\u001b[0m plain'));
    expect(found.map(({ attributes }) => attributes.includes('font-weight'))).toEqual([
      true,
      true,
      false,
    ]);
    expect(found.map(({ attributes }) => attributes.includes('fill='))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('draws dots, lines and bullets as shapes', () => {
    const svg = draw('\u28ff\u2501\u2514\u25cf');
    expect(words(svg)).toEqual([]);
    expect(svg.match(/stroke-linecap="round"/g)).toHaveLength(2);
    // Eight dots in a braille cell, one bullet.
    expect(svg.match(/h0/g)).toHaveLength(9);
  });
});
