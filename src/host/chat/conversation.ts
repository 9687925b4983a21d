/**
 * A conversation as a tree of passages, each written in one go by a person or by a model. What is
 * shown is one path from the root; where a passage has several children, the others are versions that
 * one can walk back to: an edited question, an answer written anew, a token chosen in another's place.
 *
 * Choosing another token cuts the passage before it: what was there and what comes instead are
 * versions of the rest. So an answer is one passage or several that follow each other.
 *
 * The root holds the instructions (the system turn) and is never shown. Plain data and its changes:
 * not covered are the model that writes, and the disk.
 */
export type Role = 'system' | 'user' | 'assistant';

export interface Alternative {
  readonly id: number;
  /** The token's own text; as a token of an answer, what it adds to the text. */
  readonly text: string;
  /** Natural logarithm. */
  readonly logprob: number;
}

/** A token with what the model thought when it chose. */
export interface Token extends Alternative {
  /** How many tokens were likelier. */
  readonly rank: number;
  /** Of the whole distribution, in nats. */
  readonly entropy: number;
  /** The likeliest, likeliest first. Empty where that is no longer kept. */
  readonly top: readonly Alternative[];
}

/** Why an answer ends. The first four are the engine's; `stopped`: by a person; `failed`: by an error. */
export const ENDINGS = ['end', 'stop', 'length', 'context', 'stopped', 'failed'] as const;
export type Ending = (typeof ENDINGS)[number];

export interface Passage {
  readonly id: number;
  readonly role: Role;
  /** What a person wrote, or what was read from a transcript; empty where there are tokens. */
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Tokens of the context before this passage, once a model has said so. */
  readonly tokensBefore: number | undefined;
  readonly ending: Ending | undefined;
  readonly parent: number | undefined;
  readonly children: readonly number[];
  /** The child that is shown. */
  readonly chosen: number | undefined;
}

export const ROOT = 0;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
interface Node extends Mutable<Omit<Passage, 'tokens' | 'children'>> {
  tokens: Token[];
  children: number[];
}

export const textOf = ({ text, tokens }: Passage): string =>
  text + tokens.map((token) => token.text).join('');

export class Conversation {
  readonly #nodes = new Map<number, Node>();
  #next = ROOT + 1;

  /** @param instructions what the model is told before the conversation; empty for nothing. */
  constructor(instructions = '') {
    this.#nodes.set(ROOT, emptyNode(ROOT, undefined, 'system', instructions));
  }

  /**
   * One that was kept. The passages must be those of `passages()`.
   *
   * @throws RangeError where they make no tree
   */
  static of(passages: readonly Passage[]): Conversation {
    const conversation = new Conversation();
    for (const passage of passages) {
      const node = { ...passage, tokens: [...passage.tokens], children: [...passage.children] };
      conversation.#nodes.set(passage.id, node);
      conversation.#next = Math.max(conversation.#next, passage.id + 1);
    }
    conversation.#check(passages.length);
    return conversation;
  }

  /** All of them, parents before their children. */
  passages(): readonly Passage[] {
    const all: Passage[] = [];
    const open: number[] = [ROOT];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const node = this.#node(id);
      all.push(node);
      open.push(...node.children);
    }
    return all;
  }

  get(id: number): Passage {
    return this.#node(id);
  }

  get instructions(): string {
    return this.#node(ROOT).text;
  }

  set instructions(text: string) {
    this.#node(ROOT).text = text;
  }

  get isEmpty(): boolean {
    return this.#node(ROOT).children.length === 0;
  }

  /** What is shown, from the first passage on. */
  path(): readonly Passage[] {
    const path: Passage[] = [];
    for (let at = this.#node(ROOT).chosen; at !== undefined;) {
      const node = this.#node(at);
      path.push(node);
      at = node.chosen;
    }
    return path;
  }

  /** The last passage that is shown; the root where there is none. */
  leaf(): Passage {
    return this.path().at(-1) ?? this.#node(ROOT);
  }

  /** The passages that stand where this one stands, itself among them. */
  versions(id: number): readonly number[] {
    const { parent } = this.#node(id);
    return parent === undefined ? [id] : this.#node(parent).children;
  }

  /** A new passage behind another one; it is shown from now on. */
  add(parent: number, role: Role, text = ''): Passage {
    const node = emptyNode(this.#next++, parent, role, text);
    this.#nodes.set(node.id, node);
    const above = this.#node(parent);
    above.children.push(node.id);
    above.chosen = node.id;
    return node;
  }

  /** Shows this version of its place. */
  choose(id: number): void {
    const { parent } = this.#node(id);
    if (parent !== undefined) this.#node(parent).chosen = id;
  }

  append(id: number, token: Token): void {
    const node = this.#node(id);
    node.tokens.push(token);
    node.ending = undefined;
  }

  /** @param tokensBefore tokens of the context before the passage. */
  measure(id: number, tokensBefore: number): void {
    this.#node(id).tokensBefore = tokensBefore;
  }

  end(id: number, ending: Ending): void {
    this.#node(id).ending = ending;
  }

  /**
   * Puts another of the likeliest tokens in the place of one, and shows that: a new passage that
   * begins with it, or the version that begins with it already.
   *
   * @returns the passage, and whether it is new
   * @throws RangeError where the token is none of the likeliest there
   */
  branch(id: number, index: number, token: number): { passage: Passage; isNew: boolean } {
    const node = this.#node(id);
    const before = node.tokens[index];
    const chosen = before?.top.find((each) => each.id === token);
    if (!before || !chosen) throw new RangeError(`No token ${token} at ${index} of passage ${id}.`);
    const { parent = ROOT, tokensBefore } = node;
    if (index > 0) this.#cut(node, index);
    const place = index > 0 ? id : parent;
    const there = this.#node(place).children.find((each) => {
      const first = this.#node(each).tokens[0];
      return first?.id === token;
    });
    if (there !== undefined) {
      this.choose(there);
      return { passage: this.#node(there), isNew: false };
    }
    const rank = before.top.indexOf(chosen);
    const passage = this.add(place, 'assistant');
    // A token that is part of a character adds nothing until the character is whole.
    const text = chosen.text.includes('\uFFFD') ? '' : chosen.text;
    this.append(passage.id, { ...before, ...chosen, text, rank });
    if (tokensBefore !== undefined) this.measure(passage.id, tokensBefore + index);
    return { passage, isNew: true };
  }

  /** The first passage of the answer that this one belongs to. */
  answerStart(id: number): Passage {
    let node = this.#node(id);
    for (let above = this.#above(node); above?.role === 'assistant'; above = this.#above(node))
      node = above;
    return node;
  }

  /** The ids that stand in an answer up to and including this passage. */
  answerIds(id: number): number[] {
    const parts: (readonly Token[])[] = [];
    for (
      let node: Node | undefined = this.#node(id);
      node?.role === 'assistant';
      node = this.#above(node)
    )
      parts.unshift(node.tokens);
    return parts.flat().map((token) => token.id);
  }

  /** Lets go of what the model thought of all but the newest tokens. @param most how many keep it. */
  forgetThoughts(most: number): void {
    let left = most;
    for (const node of [...this.#nodes.values()].sort((a, b) => b.id - a.id)) {
      const forget = Math.max(0, node.tokens.length - left);
      for (let at = 0; at < forget; at++) {
        const token = node.tokens[at]!;
        if (token.top.length > 0) node.tokens[at] = { ...token, top: [] };
      }
      left = Math.max(0, left - node.tokens.length);
    }
  }

  /** The passage ends before `index`; what was behind becomes its only child. */
  #cut(node: Node, index: number): void {
    const { role, children, chosen, ending, tokensBefore } = node;
    const rest = emptyNode(this.#next++, node.id, role, '');
    Object.assign(rest, { tokens: node.tokens.splice(index), children, chosen, ending });
    if (tokensBefore !== undefined) rest.tokensBefore = tokensBefore + index;
    for (const child of children) this.#node(child).parent = rest.id;
    this.#nodes.set(rest.id, rest);
    Object.assign(node, { children: [rest.id], chosen: rest.id, ending: undefined });
  }

  #above({ parent }: Passage): Node | undefined {
    return parent === undefined ? undefined : this.#node(parent);
  }

  #node(id: number): Node {
    const node = this.#nodes.get(id);
    if (!node) throw new RangeError(`The conversation has no passage ${id}.`);
    return node;
  }

  #check(expected: number): void {
    for (const { id, children, chosen } of this.#nodes.values()) {
      if (children.some((child) => this.#node(child).parent !== id))
        throw new RangeError(`Passage ${id} has a child that is not its own.`);
      if (children.length === 0 ? chosen !== undefined : !children.includes(chosen ?? -1))
        throw new RangeError(`Passage ${id} shows none of its children.`);
    }
    const reached = this.passages();
    if (reached.length !== expected || new Set(reached).size !== expected)
      throw new RangeError('The passages make no tree.');
  }
}

function emptyNode(id: number, parent: number | undefined, role: Role, text: string): Node {
  return {
    id,
    parent,
    role,
    text,
    tokens: [],
    children: [],
    chosen: undefined,
    ending: undefined,
    tokensBefore: undefined,
  };
}
