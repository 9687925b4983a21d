/**
 * Guidelines: a Markdown text that a person writes, its versions and its sections. It is shown as HTML
 * in which nothing of the text is markup but what Markdown makes: tags that it holds are shown as text,
 * links lead to web pages only, and pictures are left out.
 */
import { createHash } from 'node:crypto';
import MarkdownIt from 'markdown-it';

export interface Section {
  /** Names it in labels: the heading in small letters, joined by dashes. */
  readonly slug: string;
  readonly title: string;
  /** From 1. */
  readonly level: number;
}

export interface RenderedGuidelines {
  readonly html: string;
  readonly sections: readonly Section[];
}

const WEB = /^https?:\/\//i;

/** Which version of the guidelines a text is; line ends don't count, since git may change them. */
export function versionOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex').slice(0, 16);
}

/** The text as HTML whose headings have the ids `section-<slug>`, and its sections. */
export function renderGuidelines(text: string): RenderedGuidelines {
  const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });
  markdown.disable('image');
  markdown.validateLink = (link) => WEB.test(link);
  const tokens = markdown.parse(text, {});
  const sections: Section[] = [];
  const taken = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const title = (tokens[at + 1]?.children ?? [])
      .filter(({ type }) => type === 'text' || type === 'code_inline')
      .map(({ content }) => content)
      .join('')
      .trim();
    const slug = freeSlug(title, taken);
    sections.push({ slug, title: title || slug, level: Number(token.tag.slice(1)) });
    token.attrSet('id', `section-${slug}`);
  }
  return { html: markdown.renderer.render(tokens, markdown.options, {}), sections };
}

/** The sections that a label can cite: all headings but a first one alone at the top, the title. */
export function citableSections(sections: readonly Section[]): readonly Section[] {
  const [first] = sections;
  const isTitle = first?.level === 1 && sections.filter(({ level }) => level === 1).length === 1;
  return isTitle && sections.length > 1 ? sections.slice(1) : sections;
}

function freeSlug(title: string, taken: Set<string>): string {
  const plain =
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-|-$/g, '') || 'section';
  let slug = plain;
  for (let number = 2; taken.has(slug); number++) slug = `${plain}-${number}`;
  taken.add(slug);
  return slug;
}
