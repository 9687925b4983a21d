/** What a tokenizer is to the other rooms; see the door, tokenizer.ts. */

/**
 * What to do with special tokens (such as `<|endoftext|>`) that stand in a text: `text` reads them as
 * plain text, `allow` makes them the token, `forbid` refuses the text.
 */
export type SpecialTokenPolicy = 'text' | 'allow' | 'forbid';

export interface EncodeOptions {
  /** Default: `text`. */
  readonly special?: SpecialTokenPolicy;
  /** Put what the tokenizer's template adds (most often a beginning-of-text token) around the ids. */
  readonly addSpecial?: boolean;
  /** The text goes on from other text, from which it was cut off at a place where `isCut` holds. */
  readonly continues?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out of the text. */
  readonly skipSpecial?: boolean;
}

/**
 * Where a token stands in the text, in UTF-8 bytes and in UTF-16 code units, each [start, end).
 *
 * `bytes` are exactly the token's own. `utf16` covers every character that the token has a part of;
 * `partial` says that the first or the last of them is not in it whole, so neighbours overlap there.
 * Where a normalizer rewrote the text, both are those of the original characters that the token came
 * from; a token that came from none (a `▁` put before the text, a template's token) has an empty
 * range. Half of a surrogate pair counts as the three bytes of U+FFFD, as which it is encoded.
 */
export interface TokenOffset {
  readonly bytes: readonly [number, number];
  readonly utf16: readonly [number, number];
  readonly partial: boolean;
}

/** Turns a stream of ids into text, holding back the bytes of a character until it is whole. */
export interface StreamDecoder {
  /** The text that this token completes; often empty for a token that ends within a character. */
  push(id: number): string;
  /** What is left: U+FFFD where the stream ended within a character. The decoder starts over. */
  end(): string;
}

/** Two neighbours that became one token. */
export interface TokenMerge {
  readonly left: number;
  readonly right: number;
  /** How many merges the tokenizer learned before this one. */
  readonly rank: number;
}

export interface Tokenizer {
  readonly kind: 'bpe' | 'char' | 'byte';
  readonly name: string;
  /** The largest id + 1; ids may be missing below it. */
  readonly vocabSize: number;
  readonly specialTokens: ReadonlyMap<string, number>;
  /** The special tokens, and others that are one token wherever they stand, plain text included. */
  readonly addedTokens: ReadonlyMap<string, number>;
  /** The token that begins a text, where the tokenizer has one. */
  readonly bosId: number | undefined;
  /** The token that ends a text, where the tokenizer has one. */
  readonly eosId: number | undefined;
  /** `addSpecial` puts `bosId` first: the model expects it there. */
  readonly addsBos: boolean;

  /**
   * @throws GlassboxError `tokenizer-special-forbidden`, or `tokenizer-unknown-character` where the
   * vocabulary cannot spell the text (never with bytes)
   */
  encode(text: string, options?: EncodeOptions): number[];
  /** As `encode`, with one offset for each id. */
  encodeWithOffsets(
    text: string,
    options?: EncodeOptions,
  ): { ids: number[]; offsets: TokenOffset[] };

  /**
   * Whether, for certain, the tokens of the text are those of the part before `at`, then those of the
   * part that `continues` there. Decided by the `cutReach` code units on each side alone, so that it
   * stays so whatever changes further away.
   *
   * @param special as for `encode`
   */
  isCut(text: string, at: number, special?: SpecialTokenPolicy): boolean;
  readonly cutReach: number;
  /** @throws GlassboxError `tokenizer-special-forbidden` where a special token stands in the text */
  forbidSpecial(text: string): void;
  /**
   * The piece of the text that merging around `position` stays within: [start, end). As for `encode`,
   * special tokens are plain text; an added token is a piece of its own.
   */
  pieceAt(text: string, position: number, options?: EncodeOptions): readonly [number, number];

  /**
   * The text of the ids; bytes that are no UTF-8 become U+FFFD, as the WHATWG's decoder has it.
   *
   * @throws GlassboxError `tokenizer-unknown-id`
   */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  streamDecoder(options?: DecodeOptions): StreamDecoder;

  hasToken(id: number): boolean;
  /** The bytes that the token stands for. @throws GlassboxError `tokenizer-unknown-id` */
  tokenBytes(id: number): Uint8Array;
  /** Whether these bytes are among the token's, one after the other. */
  tokenIncludes(id: number, bytes: Uint8Array): boolean;
  /** For display: bytes as text, those that are no whole character as `<0xE2>`. */
  tokenText(id: number): string;
  /** The merges that make the token, first one first; none for a byte, a character, an added token. */
  tokenMerges(id: number): readonly TokenMerge[];

  /** Hugging Face's tokenizer.json. */
  toJson(): string;
  /** Hugging Face's tokenizer_config.json, which goes beside it. */
  toConfigJson(): string;
}
