/**
 * Pages whose main text is known because they were made around it: paragraphs of a novel and of speeches
 * in four layouts, with the menus, teasers, notices and scripts that pages have around their text; and
 * what a curation is there to find: copies, near-copies, spam, personal data. The same seed gives the
 * same page.
 *
 * Not covered: how pages in the wild are written. That is what the pages of packages are for.
 */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Rng } from '../../src/base/rng';

export interface PlantedPage {
  readonly title: string;
  /** What a reader would call the text of the page: a line a paragraph. */
  readonly text: string;
  readonly html: string;
}

/** Paragraphs of running prose in a package of texts. */
function paragraphsIn(name: string): string[] {
  const folder = path.join('node_modules', '@stdlib', name, 'data');
  const files = readdirSync(folder).filter((file) => file.endsWith('.txt'));
  return files
    .sort()
    .flatMap((file) => readFileSync(path.join(folder, file), 'utf8').split(/\r?\n\s*\r?\n|\r?\n/))
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line.length > 250 && line.length < 1800 && /^[A-Z].*[.!?]$/.test(line));
}

let loaded: readonly string[] | undefined;

const paragraphs = (): readonly string[] =>
  (loaded ??= [...paragraphsIn('datasets-moby-dick'), ...paragraphsIn('datasets-sotu')]);

const pick = <T>(rng: Rng, from: readonly T[]): T => from[rng.below(from.length)]!;

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** Some paragraphs in a row, so that the page reads on. */
export function plantedText(seed: number): string {
  const rng = new Rng(seed);
  const all = paragraphs();
  const count = 4 + rng.below(9);
  const start = rng.below(all.length - count);
  return all.slice(start, start + count).join('\n');
}

/** Passages of a few paragraphs, no paragraph in two of them. */
export function passages(paragraphsEach: number): string[] {
  const all = [...new Set(paragraphs())];
  const count = Math.floor(all.length / paragraphsEach);
  return Array.from({ length: count }, (_, i) =>
    all.slice(i * paragraphsEach, (i + 1) * paragraphsEach).join('\n'),
  );
}

/** The text with about this share of its words replaced. */
export function varied(text: string, rate: number, seed: number): string {
  const rng = new Rng(seed);
  return text.replace(/\w+/g, (word) => (rng.uniform() < rate ? `w${rng.below(1e6)}` : word));
}

const TOPICS =
  'News Sport Travel Culture Money Science Weather Archive Shop Video Games Health'.split(' ');

function linkList(rng: Rng, count: number): string {
  const links = Array.from({ length: count }, () => {
    const topic = pick(rng, TOPICS);
    return `<li><a href="/${topic.toLowerCase()}/${rng.below(9999)}">${topic}</a></li>`;
  });
  return `<ul>${links.join('')}</ul>`;
}

const teasers = (rng: Rng, count: number): string =>
  Array.from({ length: count }, () => {
    const words = pick(rng, paragraphs()).split(' ').slice(0, 9).join(' ');
    return `<div class="teaser"><a href="/a/${rng.below(9999)}"><img src="/i/${rng.below(99)}.jpg" alt=""><h4>${escaped(words)}</h4></a><a href="#">Read more</a></div>`;
  }).join('\n');

const SCRIPT =
  '<script>(function(w,d){w.dataLayer=w.dataLayer||[];for(var i=0;i<3;i++){d.write("<p>ad</p>")}})(window,document);</script>';

type Layout = (rng: Rng, title: string, blocks: string) => string;

const LAYOUTS: readonly Layout[] = [
  (rng, title, blocks) =>
    `<header><nav>${linkList(rng, 9)}</nav></header><main><article><h1>${title}</h1>${blocks}</article>` +
    `<aside class="related"><h3>Related</h3>${teasers(rng, 4)}</aside></main><footer>${linkList(rng, 6)}<p>Copyright 2026. All rights reserved.</p></footer>`,
  (rng, title, blocks) =>
    `<div id="wrap"><div id="menu">${linkList(rng, 14)}</div><div id="content"><div class="post"><h2>${title}</h2><div class="meta">Posted by admin in <a href="/x">${pick(rng, TOPICS)}</a></div><div class="entry">${blocks}</div></div></div>` +
    `<div id="sidebar">${teasers(rng, 5)}${linkList(rng, 12)}</div><div id="footer">Powered by a blog engine</div></div>`,
  (rng, title, blocks) =>
    `<table width="100%"><tr><td colspan="2"><a href="/">Home</a> | <a href="/map">Map</a></td></tr><tr><td width="150">${linkList(rng, 10)}</td><td><font size="5">${title}</font><br>${blocks}</td></tr><tr><td colspan="2"><small>Webmaster</small></td></tr></table>`,
  (rng, title, blocks) =>
    `<div class="cookie-banner">We use cookies to improve this site. <button>Accept</button></div><div class="grid"><div class="col nav">${linkList(rng, 8)}</div><div class="col"><section class="story-body"><h1>${title}</h1>${blocks}</section>` +
    `<div class="share-buttons"><a href="#">Share</a> <a href="#">Tweet</a></div><div class="comments"><h3>Comments</h3><div class="comment"><b>guest${rng.below(99)}</b> <span>Nice one!</span></div></div></div></div>`,
];

/** A page around a text. */
export function pageAround(text: string, seed: number): PlantedPage {
  const rng = new Rng(seed ^ 0x5bd1e995);
  const title = text.split(/\W+/).slice(0, 6).join(' ');
  const lines = text.split('\n').map((line) => `<p>${escaped(line)}</p>`);
  const middle = Math.floor(lines.length / 2);
  const ad = `<div class="advert">${SCRIPT}<a href="/ad">Advertisement</a></div>`;
  const blocks = [...lines.slice(0, middle), ad, ...lines.slice(middle)].join('\n');
  const body = pick(rng, LAYOUTS)(rng, escaped(title), blocks);
  const html = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><link rel="stylesheet" href="/s.css">${SCRIPT}</head><body>${body}</body></html>\n`;
  return { title, text, html };
}

const GOODS = 'pills watches loans bags shoes tickets'.split(' ');

/** What nobody wants to read: words stuffed, a list of links, or a shop's leftovers. */
export function spamText(seed: number): string {
  const rng = new Rng(seed);
  const goods = pick(rng, GOODS);
  switch (rng.below(3)) {
    case 0:
      return `${`buy cheap ${goods} online now `.repeat(40 + rng.below(200))}.`;
    case 1:
      return Array.from({ length: 60 }, () => `${goods} ${rng.below(1e5)}`).join('\n');
    default:
      return Array.from(
        { length: 30 + rng.below(40) },
        () => `Best ${pick(rng, GOODS)} ever! Click here...`,
      ).join('\n');
  }
}

/** A text with addresses of people and machines in it. */
export function withPersonalData(text: string, seed: number): string {
  const rng = new Rng(seed);
  const address = `reader${rng.below(1e4)}@mail${rng.below(50)}.com`;
  const machine = `${11 + rng.below(80)}.${rng.below(256)}.${rng.below(256)}.${1 + rng.below(254)}`;
  return text.replace(/\n/, ` Write to ${address} from the host ${machine}, said the clerk.\n`);
}
