/**
 * A text that is being edited, and its tokens: always those of encoding the whole at once, with
 * special tokens read as plain text.
 *
 * The text is kept as blocks of a few thousand characters, which end at places that are sure cuts for
 * the tokenizer. A block's tokens depend on nothing outside of it, so they are made when they are first
 * asked for, in whatever order, and an edit concerns the blocks around it alone. Where there is no sure
 * cut for a long stretch (a line of one kind of character; a split by an expression of unknown shape,
 * for which there is none at all) a block is as long as that stretch, and is tokenized in one go.
 */
import { setImmediate } from 'node:timers/promises';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { type Block, type Places, blocksOf, codePoints } from './block';

/** `[start, end)`, in UTF-16 code units, becomes `text`. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** The tokens of a range, one after the other. */
export interface TokensInRange {
  /** Where the first one starts. */
  readonly start: number;
  readonly ids: number[];
  /** Where each of them ends. */
  readonly ends: number[];
  /** Of the first one: whether it is painted in the first or the second of two colours. */
  readonly parity: 0 | 1;
  /** Indices of those that begin or end within a character. */
  readonly partial: number[];
}

/** A block, where it starts in the text, and where its tokens stand in it. */
interface PlacedBlock {
  readonly block: Block;
  readonly start: number;
  readonly places: Places;
}

/**
 * How long the thread is held by counting, in milliseconds. A message takes several turns of the event
 * loop to get through, each of them behind such a slice.
 */
export const SLICE = 1;

export class EditedText {
  readonly tokenizer: Tokenizer;
  #version = 0;
  #length = 0;
  #blocks: Block[] = [];
  /**
   * The colour of a token is that of its number, as far as the tokens before it are known; so that what
   * was last shown keeps its colours, this is turned when tokens before it become known, or change.
   */
  #turn = 0;
  /** The block that was shown last. */
  #shown = 0;

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** How many edits there were. */
  get version(): number {
    return this.#version;
  }

  /** In UTF-16 code units. */
  get length(): number {
    return this.#length;
  }

  /**
   * Makes a new version.
   *
   * @param changes done one after the other, each on what the one before left
   * @throws GlassboxError `document-range`; nothing has been changed then
   */
  edit(changes: readonly TextChange[]): void {
    let length = this.#length;
    for (const { start, end, text } of changes) {
      if (start > end || end > length) throw outOfRange(start, end, length);
      length += text.length - (end - start);
    }
    for (const change of changes) this.#change(change);
    this.#version++;
  }

  /** Every token that has a part in the range, which is cut to the text. */
  tokens(range: TextRange): TokensInRange {
    const ids: number[] = [];
    const ends: number[] = [];
    const partial: number[] = [];
    let first: { start: number; before: number; block: number } | undefined;
    let at = 0;
    let before = 0;
    this.#blocks.forEach((block, index) => {
      const blockEnd = at + block.text.length;
      if (blockEnd > range.start && at < range.end) {
        const places = this.#reveal(index, () => block.places(this.tokenizer));
        const known = block.tokenize(this.tokenizer);
        for (let token = 0; token < known.length; token++) {
          const start = at + places.starts[token]!;
          const end = at + places.ends[token]!;
          if (!isWithin(start, end, range)) continue;
          first ??= { start, before: before + token, block: index };
          if (places.partial[token] === 1) partial.push(ids.length);
          ids.push(known[token]!);
          ends.push(end);
        }
      }
      at = blockEnd;
      before += block.ids?.length ?? 0;
    });
    if (!first)
      return { start: Math.min(range.start, this.#length), ids, ends, parity: 0, partial };
    this.#shown = first.block;
    const parity = (first.before + this.#turn) % 2 === 0 ? 0 : 1;
    return { start: first.start, ids, ends, parity, partial };
  }

  /**
   * Tokens and Unicode code points of the whole text, or of ranges that don't overlap: whichever
   * version the text has by the time all of it is counted.
   *
   * @throws GlassboxError `cancelled`
   */
  async count(
    ranges: readonly TextRange[] | undefined,
    signal: AbortSignal,
  ): Promise<{ version: number; tokens: number; characters: number }> {
    throwIfAborted(signal);
    await this.#tokenizeWithin(ranges, signal);
    let tokens = 0;
    let characters = 0;
    this.#forEach(ranges, (block, start, inside) => {
      if (inside === undefined) {
        tokens += block.tokenize(this.tokenizer).length;
        characters += block.characters;
        return;
      }
      const { starts, ends } = block.places(this.tokenizer);
      for (let i = 0; i < starts.length; i++) {
        const [from, to] = [start + starts[i]!, start + ends[i]!];
        if (inside.some((range) => isWithin(from, to, range))) tokens++;
      }
      for (const range of inside) {
        const from = Math.max(0, range.start - start);
        characters += codePoints(block.text.slice(from, range.end - start));
      }
    });
    return { version: this.#version, tokens, characters };
  }

  /** How often a token occurs; undefined while not all of the text has been tokenized. */
  occurrences(id: number): number | undefined {
    let found = 0;
    for (const { ids } of this.#blocks) {
      if (!ids) return undefined;
      for (const each of ids) if (each === id) found++;
    }
    return found;
  }

  /** The block that a position is in, tokenized; undefined at the end of the text. */
  blockAt(position: number): PlacedBlock | undefined {
    let start = 0;
    for (const [index, block] of this.#blocks.entries()) {
      if (position < start + block.text.length) {
        const places = this.#reveal(index, () => block.places(this.tokenizer));
        return { block, start, places };
      }
      start += block.text.length;
    }
    return undefined;
  }

  /** Visits the blocks that the ranges touch, with those ranges; without them where it is in them whole. */
  #forEach(
    ranges: readonly TextRange[] | undefined,
    visit: (block: Block, start: number, inside: readonly TextRange[] | undefined) => void,
  ): void {
    let start = 0;
    for (const block of this.#blocks) {
      const end = start + block.text.length;
      const inside = ranges?.filter((range) => range.start < end && range.end > start);
      const whole = inside?.some((range) => range.start <= start && range.end >= end) ?? true;
      if (whole) visit(block, start, undefined);
      else if (inside && inside.length > 0) visit(block, start, inside);
      start = end;
    }
  }

  /** With breaks; an edit meanwhile makes it look again at what it then has to do. */
  async #tokenizeWithin(
    ranges: readonly TextRange[] | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    let started = performance.now();
    for (;;) {
      const version = this.#version;
      const wanted = new Set<Block>();
      this.#forEach(ranges, (block) => wanted.add(block));
      for (let index = 0; version === this.#version; index++) {
        if (index === this.#blocks.length) return;
        const block = this.#blocks[index]!;
        if (block.ids !== undefined || !wanted.has(block)) continue;
        this.#reveal(index, () => block.tokenize(this.tokenizer));
        if (performance.now() - started < SLICE) continue;
        await setImmediate();
        throwIfAborted(signal);
        started = performance.now();
      }
    }
  }

  /** What `look` gives, which tokenizes that block; what was shown last keeps its colours. */
  #reveal<T>(index: number, look: () => T): T {
    const block = this.#blocks[index]!;
    const known = block.ids?.length ?? 0;
    const found = look();
    if (index < this.#shown) this.#turn += (block.ids?.length ?? 0) - known;
    return found;
  }

  #change({ start, end, text }: TextChange): void {
    const reach = this.tokenizer.cutReach;
    let first = 0;
    let at = 0;
    while (first < this.#blocks.length - 1 && at + this.#blocks[first]!.text.length < start - reach)
      at += this.#blocks[first++]!.text.length;
    let after = first;
    let old = '';
    for (; after < this.#blocks.length; after++) {
      if (after > first && at + old.length > end + reach) break;
      old += this.#blocks[after]!.text;
    }
    const changed = old.slice(0, start - at) + text + old.slice(end - at);
    const blocks = blocksOf(this.tokenizer, changed, { continues: at > 0, special: 'text' });
    if (this.#shown >= after) {
      this.#shown += blocks.length - (after - first);
      for (const { ids } of this.#blocks.slice(first, after)) this.#turn += ids?.length ?? 0;
    } else {
      this.#shown = Math.min(this.#shown, first);
    }
    this.#blocks = [...this.#blocks.slice(0, first), ...blocks, ...this.#blocks.slice(after)];
    this.#length += text.length - (end - start);
  }
}

/** A token that comes from no text (a prefix) is where the range holds its place. */
function isWithin(start: number, end: number, range: TextRange): boolean {
  if (start === end) return start >= range.start && start < range.end;
  return end > range.start && start < range.end;
}

function outOfRange(start: number, end: number, length: number): GlassboxError {
  return new GlassboxError(
    'document-range',
    `The range ${start} to ${end} is not within the text, which has ${length} code units.`,
    { remedy: 'Open the document anew: what the engine has is no longer what the editor shows.' },
  );
}
