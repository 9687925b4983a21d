/** The model of a tokenizer.json: its vocabulary and merges, and what kind of BPE it is. */
import * as z from 'zod';
import { checked, invalid, unsupported } from './jsonComponents';
import { MergeRules } from './merge';
import { LARGEST_ID } from './vocabulary';

const modelSchema = z.looseObject({
  type: z.string().optional(),
  dropout: z.number().nullish(),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
});

export interface JsonModel {
  /** Token, as the file spells it, to id. */
  readonly vocab: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [left: string, right: string])[];
  readonly rules: MergeRules;
  readonly unknownId: number | undefined;
  readonly fuseUnknown: boolean;
  readonly byteFallback: boolean;
  readonly ignoreMerges: boolean;
}

export function readModel(value: unknown): JsonModel {
  const fields = checked(modelSchema, value, 'model');
  if (fields.type !== undefined && fields.type !== 'BPE') unsupported(`the model "${fields.type}"`);
  if (fields.dropout) unsupported('BPE with dropout');
  if (fields.continuing_subword_prefix) unsupported('BPE with continuing_subword_prefix');
  if (fields.end_of_word_suffix) unsupported('BPE with end_of_word_suffix');

  const vocab = readVocab(fields['vocab']);
  const merges = readMerges(fields['merges']);
  const rules = new MergeRules(merges.length);
  merges.forEach(([left, right], rank) => {
    const [leftId, rightId, result] = [vocab.get(left), vocab.get(right), vocab.get(left + right)];
    if (leftId === undefined || rightId === undefined || result === undefined) {
      return invalid(
        `merge ${rank} (${shown(left)}, ${shown(right)}) is not of tokens in the vocabulary`,
      );
    }
    rules.add(leftId, rightId, rank, result);
  });
  return {
    vocab,
    merges,
    rules,
    unknownId: typeof fields.unk_token === 'string' ? vocab.get(fields.unk_token) : undefined,
    fuseUnknown: fields.fuse_unk === true,
    byteFallback: fields.byte_fallback === true,
    ignoreMerges: fields.ignore_merges === true,
  };
}

/** By hand: the tables are too large for a schema. */
function readVocab(value: unknown): Map<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('model.vocab must be an object of tokens and their ids');
  }
  const vocab = new Map<string, number>();
  const taken = new Map<number, string>();
  for (const [token, id] of Object.entries(value)) {
    if (!isId(id)) return invalid(`the id of token ${shown(token)} is ${shown(id)}`);
    const other = taken.get(id);
    if (other !== undefined) {
      return invalid(`the tokens ${shown(other)} and ${shown(token)} share the id ${id}`);
    }
    taken.set(id, token);
    vocab.set(token, id);
  }
  return vocab;
}

export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < LARGEST_ID;
}

function readMerges(value: unknown): [string, string][] {
  if (!Array.isArray(value)) return invalid('model.merges must be a list');
  return value.map((merge: unknown, index): [string, string] => {
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(pair) && pair.length === 2) {
      const [left, right] = pair as [unknown, unknown];
      if (typeof left === 'string' && typeof right === 'string') return [left, right];
    }
    return invalid(`merge ${index} is ${shown(merge)}, not a pair of tokens`);
  });
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
