/**
 * The nodes of a page, with as much of a browser's DOM as Readability asks for, and made for what it does
 * most: reading the text below an element, finding elements by their tags, and taking nodes out. Nodes
 * are linked to each other; the text of an element is kept until something below it changes.
 *
 * Different from a browser's: `innerHTML` gives and takes copies of nodes, not markup (Readability only
 * keeps a page to try it again); lists are arrays that don't change by themselves; there are no
 * selectors but lists of tags. Readability's own DOM, which it calls `JSDOMParser`, changes a tag in place
 * as this one does; saying to be that one spares copies.
 */
import { ownString } from '../../../base/ownString';

export type PageNode = PageElement | PageLeaf;

/** A tag name is one of some hundred; its form in large letters is made once. */
const upper = new Map<string, string>();

function upperOf(name: string): string {
  let found = upper.get(name);
  if (found === undefined) {
    found = name.toUpperCase();
    if (upper.size < 1000 && name.length < 64) upper.set(ownString(name), found);
  }
  return found;
}

abstract class Linked {
  parentNode: PageElement | null = null;
  previousSibling: PageNode | null = null;
  nextSibling: PageNode | null = null;

  get nextElementSibling(): PageElement | null {
    let node = this.nextSibling;
    while (node && !(node instanceof PageElement)) node = node.nextSibling;
    return node;
  }

  get previousElementSibling(): PageElement | null {
    let node = this.previousSibling;
    while (node && !(node instanceof PageElement)) node = node.previousSibling;
    return node;
  }
}

/** A stretch of text, or a comment. */
export class PageLeaf extends Linked {
  readonly nodeType: 3 | 8;
  textContent: string;

  constructor(nodeType: 3 | 8, text: string) {
    super();
    this.nodeType = nodeType;
    this.textContent = text;
  }

  get childNodes(): readonly PageNode[] {
    return [];
  }

  remove(): void {
    this.parentNode?.removeChild(this);
  }

  copy(): PageLeaf {
    return new PageLeaf(this.nodeType, this.textContent);
  }
}

export interface Attribute {
  readonly name: string;
  readonly value: string;
  cloneNode(): Attribute;
}

interface Style {
  readonly display: string;
  readonly visibility: string;
}

const styleValue = (style: string, name: string): string => {
  const found = [...style.matchAll(new RegExp(`(?:^|;)\\s*${name}\\s*:([^;]*)`, 'gi'))].at(-1);
  return (found?.[1] ?? '')
    .replace(/!\s*important/i, '')
    .trim()
    .toLowerCase();
};

/** Copies of an element's children. */
class Copies {
  readonly nodes: readonly PageNode[];

  constructor(parent: PageElement) {
    this.nodes = parent.childNodes.map((node) => node.copy());
  }
}

const tagSets = new Map<string, ReadonlySet<string>>();

export class PageElement extends Linked {
  readonly nodeType = 1;
  localName: string;
  tagName: string;
  firstChild: PageNode | null = null;
  lastChild: PageNode | null = null;
  /** Undefined stands for one that was taken away. */
  readonly #attributes: Record<string, string | undefined>;
  /** Where it is known, that of all elements below is, too. */
  #text: string | undefined;
  #innerText: string | undefined;
  /** What Readability notes of an element. */
  readability: object | undefined;
  _readabilityDataTable: boolean | undefined;

  constructor(name: string, attributes: Record<string, string | undefined> = {}) {
    super();
    this.localName = name;
    this.tagName = upperOf(name);
    this.#attributes = attributes;
  }

  get nodeName(): string {
    return this.tagName;
  }

  // --- Attributes ---

  get attributes(): Attribute[] {
    const found: Attribute[] = [];
    for (const [name, value] of Object.entries(this.#attributes)) {
      if (value === undefined) continue;
      const attribute: Attribute = { name, value, cloneNode: () => attribute };
      found.push(attribute);
    }
    return found;
  }

  getAttribute(name: string): string | null {
    return this.#attributes[name] ?? null;
  }

  hasAttribute(name: string): boolean {
    return this.#attributes[name] !== undefined;
  }

  setAttribute(name: string, value: string): void {
    this.#attributes[name] = value;
  }

  setAttributeNode({ name, value }: Attribute): void {
    this.#attributes[name] = value;
  }

  removeAttribute(name: string): void {
    if (this.#attributes[name] !== undefined) this.#attributes[name] = undefined;
  }

  get id(): string {
    return this.#attributes['id'] ?? '';
  }

  set id(value: string) {
    this.#attributes['id'] = value;
  }

  get className(): string {
    return this.#attributes['class'] ?? '';
  }

  set className(value: string) {
    this.#attributes['class'] = value;
  }

  get src(): string {
    return this.#attributes['src'] ?? '';
  }

  get srcset(): string {
    return this.#attributes['srcset'] ?? '';
  }

  get style(): Style | undefined {
    const style = this.#attributes['style'];
    if (style === undefined) return undefined;
    return { display: styleValue(style, 'display'), visibility: styleValue(style, 'visibility') };
  }

  // --- Children ---

  get childNodes(): PageNode[] {
    const nodes: PageNode[] = [];
    for (let node = this.firstChild; node; node = node.nextSibling) nodes.push(node);
    return nodes;
  }

  get children(): PageElement[] {
    const elements: PageElement[] = [];
    for (let node = this.firstChild; node; node = node.nextSibling)
      if (node instanceof PageElement) elements.push(node);
    return elements;
  }

  get firstElementChild(): PageElement | null {
    let node = this.firstChild;
    while (node && !(node instanceof PageElement)) node = node.nextSibling;
    return node;
  }

  appendChild(node: PageNode): PageNode {
    node.parentNode?.removeChild(node);
    this.#link(node, this.lastChild, null);
    return node;
  }

  removeChild(node: PageNode): PageNode {
    const { previousSibling: before, nextSibling: after } = node;
    if (before) before.nextSibling = after;
    else this.firstChild = after;
    if (after) after.previousSibling = before;
    else this.lastChild = before;
    node.parentNode = node.previousSibling = node.nextSibling = null;
    this.#changed();
    return node;
  }

  /** The new one may lie below the old one. */
  replaceChild(node: PageNode, old: PageNode): PageNode {
    if (node === old) return old;
    node.parentNode?.removeChild(node);
    const { previousSibling: before, nextSibling: after } = old;
    this.removeChild(old);
    this.#link(node, before, after);
    return old;
  }

  remove(): void {
    this.parentNode?.removeChild(this);
  }

  #link(node: PageNode, before: PageNode | null, after: PageNode | null): void {
    node.parentNode = this;
    node.previousSibling = before;
    node.nextSibling = after;
    if (before) before.nextSibling = node;
    else this.firstChild = node;
    if (after) after.previousSibling = node;
    else this.lastChild = node;
    this.#changed();
  }

  copy(): PageElement {
    const copy = new PageElement(this.localName, { ...this.#attributes });
    for (let node = this.firstChild; node; node = node.nextSibling) copy.appendChild(node.copy());
    return copy;
  }

  get innerHTML(): Copies {
    return new Copies(this);
  }

  set innerHTML({ nodes }: Copies) {
    while (this.firstChild) this.removeChild(this.firstChild);
    for (const node of nodes) this.appendChild(node.copy());
  }

  // --- Text ---

  #changed(): void {
    if (this.#text === undefined) return;
    this.#text = undefined;
    this.#innerText = undefined;
    if (this.parentNode) this.parentNode.#changed();
  }

  get textContent(): string {
    let text = this.#text;
    if (text !== undefined) return text;
    text = '';
    for (let node = this.firstChild; node; node = node.nextSibling)
      if (node.nodeType !== 8) text += node.textContent;
    this.#text = text;
    return text;
  }

  /** The text without white space at its ends, and with no two white spaces in a row. */
  get innerText(): string {
    const known = this.#innerText;
    if (known !== undefined) return known;
    const text = this.textContent.trim().replace(/\s{2,}/g, ' ');
    this.#innerText = text;
    return text;
  }

  /** Whether there is anything but white space below. */
  get hasText(): boolean {
    if (this.#text !== undefined) return /\S/.test(this.#text);
    for (let node = this.firstChild; node; node = node.nextSibling) {
      if (node instanceof PageElement) {
        if (node.hasText) return true;
      } else if (node.nodeType === 3 && /\S/.test(node.textContent)) return true;
    }
    return false;
  }

  // --- Elements below, in the order of the page ---

  getElementsByTagName(name: string): PageElement[] {
    const found: PageElement[] = [];
    this.#collect((tag) => tag === name, found);
    return found;
  }

  /** @param tags names in small or large letters, with commas between */
  querySelectorAll(tags: string): PageElement[] {
    let set = tagSets.get(tags);
    if (!set) {
      set = new Set(tags.toLowerCase().split(','));
      tagSets.set(tags, set);
    }
    const [only] = set;
    if (set.size === 1 && only !== undefined) return this.getElementsByTagName(only);
    const found: PageElement[] = [];
    const wanted = set;
    this.#collect((tag) => wanted.has(tag), found);
    return found;
  }

  #collect(wanted: (tag: string) => boolean, found: PageElement[]): void {
    for (let node = this.firstChild; node; node = node.nextSibling) {
      if (!(node instanceof PageElement)) continue;
      if (wanted(node.localName)) found.push(node);
      node.#collect(wanted, found);
    }
  }
}

/** A page as a whole: an `html` element with a `head` and a `body`. */
export class PageDocument {
  readonly nodeType = 9;
  readonly documentElement = new PageElement('html');
  readonly head = new PageElement('head');
  readonly body = new PageElement('body');
  /** All that Readability asks of it: whose DOM this is. */
  readonly firstChild = { __JSDOMParser__: true };

  constructor() {
    this.documentElement.appendChild(this.head);
    this.documentElement.appendChild(this.body);
  }

  get title(): string {
    return this.documentElement.getElementsByTagName('title')[0]?.textContent ?? '';
  }

  createElement(name: string): PageElement {
    return new PageElement(name.toLowerCase());
  }

  createTextNode(text: string): PageLeaf {
    return new PageLeaf(3, text);
  }

  getElementsByTagName(name: string): PageElement[] {
    return this.documentElement.getElementsByTagName(name);
  }

  querySelectorAll(tags: string): PageElement[] {
    return this.documentElement.querySelectorAll(tags);
  }
}
