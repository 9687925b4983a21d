/**
 * The one implementation of `Tokenizer`: added tokens are cut out, what is between them is
 * normalized, split and handed to the model piece by piece.
 */
import { type AddedToken, AddedTokens, type Segment } from './addedTokens';
import { displayBytes } from './bytes';
import { type CutParts, cutReach, isCut } from './isCut';
import { type DecoderParts, TokenStreamDecoder, decodeIds } from './decoder';
import { Growth } from './growth';
import type { Template } from './jsonComponents';
import type { BpeModel } from './model';
import {
  type Aligned,
  type NormalizerStep,
  type Place,
  normalize,
  normalizeAligned,
  slice,
} from './normalizer';
import { OffsetWalker, utf8Length } from './offsets';
import { PieceEncoder } from './pieceEncoder';
import type { PieceSplit } from './sureCuts';
import type {
  DecodeOptions,
  EncodeOptions,
  SpecialTokenPolicy,
  StreamDecoder,
  TokenMerge,
  TokenOffset,
  Tokenizer,
} from './types';
import type { Vocabulary } from './vocabulary';

export interface TokenizerParts {
  readonly kind: Tokenizer['kind'];
  readonly name: string;
  readonly model: BpeModel;
  /** What each token stands for, added tokens included. */
  readonly vocabulary: Vocabulary;
  readonly added: readonly AddedToken[];
  readonly normalizer?: readonly NormalizerStep[];
  /** Of a normalized text. */
  readonly split: PieceSplit;
  /** Blanks that decoding takes from the start of a text. */
  readonly stripBlanks?: number;
  /** What `addSpecial` puts around a text. */
  readonly template?: Template;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly toJson: () => string;
}

export class TextTokenizer implements Tokenizer {
  readonly kind: Tokenizer['kind'];
  readonly name: string;
  readonly vocabSize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  readonly addedTokens: ReadonlyMap<string, number>;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly addsBos: boolean;
  readonly cutReach: number;

  readonly #parts: TokenizerParts;
  readonly #normalizer: readonly NormalizerStep[];
  readonly #template: Template;
  readonly #decoder: DecoderParts;
  readonly #vocabulary: Vocabulary;
  readonly #added: AddedTokens;
  readonly #cuts: Readonly<Record<'text' | 'allow', CutParts>>;
  readonly #pieces: PieceEncoder;
  #growth: Growth | undefined;

  constructor(parts: TokenizerParts) {
    this.#parts = parts;
    this.#normalizer = parts.normalizer ?? [];
    this.#template = parts.template ?? { before: [], after: [] };
    this.kind = parts.kind;
    this.name = parts.name;
    this.#vocabulary = parts.vocabulary;
    this.vocabSize = this.#vocabulary.size;
    this.bosId = parts.bosId;
    this.eosId = parts.eosId;
    this.addsBos = parts.bosId !== undefined && this.#template.before[0] === parts.bosId;

    const special = parts.added.filter((token) => token.special);
    this.specialTokens = new Map(special.map((token) => [token.content, token.id]));
    this.addedTokens = new Map(parts.added.map((token) => [token.content, token.id]));
    this.#decoder = {
      vocabulary: this.#vocabulary,
      specialIds: new Set(special.map((token) => token.id)),
      stripBlanks: parts.stripBlanks ?? 0,
    };
    this.#added = new AddedTokens(parts.added, (content) =>
      normalize(this.#normalizer, content, 'after-token'),
    );
    const cuts = (special: SpecialTokenPolicy): CutParts => ({
      steps: this.#normalizer,
      sureCut: parts.split.sureCut,
      added: this.#added.found(special),
    });
    this.#cuts = { text: cuts('text'), allow: cuts('allow') };
    this.cutReach = Math.max(cutReach(this.#cuts.text), cutReach(this.#cuts.allow));
    this.#pieces = new PieceEncoder(parts.model, parts.split);
  }

  encode(text: string, options: EncodeOptions = {}): number[] {
    const { before, after } = this.#template;
    const ids: number[] = options.addSpecial === true ? [...before] : [];
    const inner = this.#added.found(options.special).normalized;
    for (const { start, end, id } of this.#segments(text, options)) {
      if (id >= 0) {
        ids.push(id);
        continue;
      }
      const plain = end - start === text.length ? text : text.slice(start, end);
      const normalized = normalize(this.#normalizer, plain, placeOf(start, options));
      if (!inner) {
        this.#pieces.encode(normalized, ids);
        continue;
      }
      for (const segment of inner.split(normalized)) {
        if (segment.id >= 0) ids.push(segment.id);
        else this.#pieces.encode(normalized.slice(segment.start, segment.end), ids);
      }
    }
    if (options.addSpecial === true) ids.push(...after);
    return ids;
  }

  encodeWithOffsets(
    text: string,
    options: EncodeOptions = {},
  ): { ids: number[]; offsets: TokenOffset[] } {
    const { before, after } = this.#template;
    const ids: number[] = [];
    const offsets: TokenOffset[] = [];
    const add = (id: number, offset: TokenOffset): void => {
      ids.push(id);
      offsets.push(offset);
    };
    const nowhere = (unit: number, byte: number): TokenOffset => ({
      bytes: [byte, byte],
      utf16: [unit, unit],
      partial: false,
    });
    if (options.addSpecial === true) for (const id of before) add(id, nowhere(0, 0));

    const inner = this.#added.found(options.special).normalized;
    let byte = 0;
    for (const { start, end, id } of this.#segments(text, options)) {
      const part = text.slice(start, end);
      const byteEnd = byte + utf8Length(part);
      if (id >= 0) {
        add(id, { bytes: [byte, byteEnd], utf16: [start, end], partial: false });
      } else {
        const aligned = normalizeAligned(this.#normalizer, part, placeOf(start, options));
        const segments: readonly Segment[] = inner
          ? inner.split(aligned.text)
          : [{ start: 0, end: aligned.text.length, id: -1 }];
        for (const segment of segments) {
          const piece = inner ? slice(aligned, segment.start, segment.end) : aligned;
          const walker = new OffsetWalker(piece, part, start, byte);
          if (segment.id >= 0) add(segment.id, walker.next(utf8Length(piece.text)));
          else this.#walkPieces(piece, walker, add);
        }
      }
      byte = byteEnd;
    }
    if (options.addSpecial === true) for (const id of after) add(id, nowhere(text.length, byte));
    return { ids, offsets };
  }

  isCut(text: string, at: number, special?: SpecialTokenPolicy): boolean {
    return isCut(this.#cuts[special === 'allow' ? 'allow' : 'text'], text, at);
  }

  forbidSpecial(text: string): void {
    this.#added.forbidSpecial(text);
  }

  pieceAt(
    text: string,
    position: number,
    options: EncodeOptions = {},
  ): readonly [start: number, end: number] {
    for (const { start, end, id } of this.#segments(text, options)) {
      if (end <= position) continue;
      if (id >= 0) return [start, end];
      const part = text.slice(start, end);
      const aligned = normalizeAligned(this.#normalizer, part, placeOf(start, options));
      const segments = this.#added.found(options.special).normalized?.split(aligned.text) ?? [
        { start: 0, end: aligned.text.length, id: -1 },
      ];
      const place = (from: number, to: number): [number, number] => [
        start + (aligned.origin ? aligned.origin.starts[from]! : from),
        start + (aligned.origin ? aligned.origin.ends[to - 1]! : to),
      ];
      for (const segment of segments) {
        const inner = aligned.text.slice(segment.start, segment.end);
        const ends = segment.id >= 0 ? [inner.length] : this.#parts.split.split(inner);
        let from = segment.start;
        for (const pieceEnd of ends) {
          const found = place(from, segment.start + pieceEnd);
          if (found[1] > position) return found;
          from = segment.start + pieceEnd;
        }
      }
    }
    return [text.length, text.length];
  }

  decode(ids: Iterable<number>, options?: DecodeOptions): string {
    return decodeIds(this.#decoder, ids, options);
  }

  streamDecoder(options?: DecodeOptions): StreamDecoder {
    return new TokenStreamDecoder(this.#decoder, options);
  }

  hasToken(id: number): boolean {
    return this.#vocabulary.has(id);
  }

  tokenBytes(id: number): Uint8Array {
    return this.#vocabulary.view(id).slice();
  }

  tokenIncludes(id: number, bytes: Uint8Array): boolean {
    const own = this.#vocabulary.view(id);
    for (let at = 0; at + bytes.length <= own.length; at++) {
      let same = 0;
      while (same < bytes.length && own[at + same] === bytes[same]) same++;
      if (same === bytes.length) return true;
    }
    return false;
  }

  tokenText(id: number): string {
    return displayBytes(this.#vocabulary.view(id));
  }

  tokenMerges(id: number): readonly TokenMerge[] {
    this.#growth ??= new Growth(this.#parts.model.rules, this.vocabSize);
    return this.#growth.of(id);
  }

  toJson(): string {
    return this.#parts.toJson();
  }

  toConfigJson(): string {
    const contentOf = (id: number | undefined): string | null =>
      this.#parts.added.find((token) => token.id === id)?.content ?? null;
    const config = {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: contentOf(this.bosId),
      eos_token: contentOf(this.eosId),
      add_bos_token: this.addsBos,
      clean_up_tokenization_spaces: false,
    };
    return `${JSON.stringify(config, null, 2)}\n`;
  }

  #segments(text: string, { special }: EncodeOptions): Segment[] {
    if (special === 'forbid') this.#added.forbidSpecial(text);
    return this.#added.found(special).original.split(text);
  }

  #walkPieces(
    aligned: Aligned,
    walker: OffsetWalker,
    add: (id: number, offset: TokenOffset) => void,
  ): void {
    const { model } = this.#parts;
    let start = 0;
    for (const end of this.#parts.split.split(aligned.text)) {
      const count = model.encode(aligned.text, start, end);
      for (let i = 0; i < count; i++) add(model.ids[i]!, walker.next(model.widths[i]!));
      start = end;
    }
  }
}

function placeOf(start: number, options: EncodeOptions): Place {
  if (start > 0) return 'after-token';
  return options.continues === true ? 'within' : 'start';
}
