/**
 * A conversation as a tree of passages, each written in one go by a person or by a model. What is
 * shown is one path from the root; where a passage has several children, the others are versions that
 * one can walk back to: an edited question, an answer written anew, a token chosen in another's place.
 *
 * Choosing another token cuts the passage before it: what was there and what comes instead are
 * versions of the rest. So an answer is one passage or several that follow each other.
 *
 * A call of a tool ends a passage; what the tool gave is a passage behind it, and the answer goes on in
 * another one. A call that nobody has consented to yet, or that was given up, is the last passage.
 *
 * The root holds the instructions (the system turn) and is never shown. Plain data and its changes:
 * not covered are the model that writes, and the disk.
 */
import type { CallMade, Ending, ToolResult } from '../../protocol/chatSurface';

export type Role = 'system' | 'user' | 'assistant' | 'tool';

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
  /** It opens or closes a call of a tool, or stands in one. */
  readonly within?: 'call' | undefined;
}

/** The ids of the tokens that open and close a call. Where none opens it, a call is a whole message. */
export interface CallForm {
  readonly opens?: number | undefined;
  readonly closes: number;
}

export interface Passage {
  readonly id: number;
  readonly role: Role;
  /** What a person wrote, or what was read from a transcript; empty where there are tokens. */
  readonly text: string;
  readonly tokens: readonly Token[];
  /** Tokens of the context before this passage, once a model has said so. */
  readonly tokensBefore: number | undefined;
  readonly ending: Ending | undefined;
  /** The call that a passage of an answer ends with. */
  readonly call: CallMade | undefined;
  /** Of a tool's passage, where that is known. */
  readonly result: ToolResult | undefined;
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

/** What was said or given, without calls. */
export const textOf = ({ text, tokens }: Passage): string =>
  text + tokens.map((token) => (token.within ? '' : token.text)).join('');

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

  /** The passage ends with a call. */
  call(id: number, call: CallMade): void {
    this.#node(id).call = call;
  }

  /** What the tool gave that the passage calls. */
  answerCall(id: number, text: string, result: ToolResult): Passage {
    const node = this.add(id, 'tool', text);
    this.#node(node.id).result = result;
    this.#node(id).ending = undefined;
    return node;
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
   * @param form how the model writes calls, where it does
   * @returns the passage, and whether it is new
   * @throws RangeError where the token is none of the likeliest there
   */
  branch(
    id: number,
    index: number,
    token: number,
    form?: CallForm,
  ): { passage: Passage; isNew: boolean } {
    const node = this.#node(id);
    const before = node.tokens[index];
    const chosen = before?.top.find((each) => each.id === token);
    if (!before || !chosen) throw new RangeError(`No token ${token} at ${index} of passage ${id}.`);
    const { parent = ROOT, tokensBefore } = node;
    const last = index > 0 ? node.tokens[index - 1] : this.#above(node)?.tokens.at(-1);
    const open = last?.within !== undefined && last.id !== form?.closes;
    const within = open || token === form?.opens ? 'call' : undefined;
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
    this.append(passage.id, { ...before, ...chosen, text, rank, within });
    if (tokensBefore !== undefined) this.measure(passage.id, tokensBefore + index);
    return { passage, isNew: true };
  }

  /** The first passage of the answer that this one belongs to. */
  answerStart(id: number): Passage {
    let node = this.#node(id);
    for (let above = this.#above(node); above && isAnswer(above); above = this.#above(node))
      node = above;
    return node;
  }

  /** The ids that stand in an answer up to and including this passage, from the last result on. */
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
    const { role, children, chosen, ending, call, tokensBefore } = node;
    const rest = emptyNode(this.#next++, node.id, role, '');
    Object.assign(rest, { tokens: node.tokens.splice(index), children, chosen, ending, call });
    if (tokensBefore !== undefined) rest.tokensBefore = tokensBefore + index;
    for (const child of children) this.#node(child).parent = rest.id;
    this.#nodes.set(rest.id, rest);
    Object.assign(node, {
      ...{ children: [rest.id], chosen: rest.id },
      ...{ ending: undefined, call: undefined },
    });
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

const isAnswer = ({ role }: Passage): boolean => role === 'assistant' || role === 'tool';

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
    call: undefined,
    result: undefined,
    tokensBefore: undefined,
  };
}
