/**
 * A dataset of conversations as a corpus of masked documents, from which `train` learns: read, written
 * by the template, a share held out, and what could not be used told of.
 *
 * Which conversations are held out depends on their content and the seed alone, so that two that are
 * the same are never on both sides.
 */
import { createHash } from 'node:crypto';
import { GlassboxError, throwIfAborted } from '../../base/errors';
import { writeMaskedShards } from '../data/data';
import type { MaskedDocument } from '../data/data';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { ToolSchema } from '../tools/tools';
import { checkEncoded } from './checkConversation';
import type { DatasetProblem } from './checkConversation';
import { encodeForTraining } from './conversation';
import type { ChatMessage } from './message';
import { fingerprintOf, readDataset } from './readDataset';
import type { ChatTemplate } from './template';

export interface DatasetOptions {
  readonly paths: readonly string[];
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** Where the corpus goes. */
  readonly folder: string;
  /** The share of the conversations that is held out. */
  readonly validationFraction: number;
  readonly seed: number;
  /** Tokens of a row: what is longer is told of. */
  readonly context: number;
  readonly tokenizerHash?: string | undefined;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
}

export interface PreparedDataset {
  readonly conversations: number;
  readonly heldOut: number;
  /** Records that could not be used. */
  readonly leftOut: number;
  /** Some first questions of what is held out. */
  readonly questions: readonly string[];
}

interface Encoded {
  readonly document: Omit<MaskedDocument, 'heldOut'>;
  readonly fingerprint: string;
  /** Decides whether it is held out. */
  readonly place: string;
  readonly question: string | undefined;
}

const QUESTIONS = 3;
const QUESTION_LENGTH = 200;
/** Of what was left out, so many are told of one by one. */
const TOLD = 3;

/** @throws GlassboxError `no-conversations`, `chat-template`, and as `readDataset`, `writeMaskedShards` */
export async function prepareDataset(options: DatasetOptions): Promise<PreparedDataset> {
  const { tokenizer, folder, validationFraction, signal, onNote } = options;
  const encoded: Encoded[] = [];
  const leftOut: string[] = [];
  const warnings = new Map<string, { count: number; first: string }>();
  for await (const entry of readDataset(options.paths, signal)) {
    const { file, line, messages, tools, problems } = entry;
    const found = messages ? encode(messages, tools, options) : { problems: [] };
    const all = [...problems, ...found.problems];
    const error = all.find(({ severity }) => severity === 'error');
    for (const { code, message, severity } of all) {
      if (severity === 'error') continue;
      const seen = warnings.get(code);
      if (seen) seen.count++;
      else warnings.set(code, { count: 1, first: `${file}:${line}: ${message}` });
    }
    if (error) leftOut.push(`${file}:${line}: ${error.message}`);
    else if (found.encoded) encoded.push(found.encoded);
    if (encoded.length % 64 === 0) await new Promise(setImmediate);
    throwIfAborted(signal);
  }
  for (const told of leftOut.slice(0, TOLD)) onNote(`Left out ${told}`);
  if (leftOut.length > TOLD) onNote(`Left out ${leftOut.length - TOLD} records more`);
  if (encoded.length === 0) throw noConversations(options.paths, leftOut[0]);
  for (const { count, first } of warnings.values())
    onNote(count === 1 ? first : `${first} (and ${count - 1} more such)`);

  const heldOut = chooseHeldOut(encoded, validationFraction);
  onNote(
    `${encoded.length - heldOut.size} conversations to learn from, ${heldOut.size} held out to measure on`,
  );
  const documents = encoded.map((each) => ({ ...each.document, heldOut: heldOut.has(each) }));
  await writeMaskedShards(documents, tokenizer, folder, {
    tokenizerHash: options.tokenizerHash,
    signal,
  });
  const asked = [...heldOut].flatMap(({ question }) => question ?? []);
  return {
    conversations: encoded.length,
    heldOut: heldOut.size,
    leftOut: leftOut.length,
    questions: [...new Set(asked)].slice(0, QUESTIONS),
  };
}

interface Found {
  readonly problems: readonly DatasetProblem[];
  readonly encoded?: Encoded;
}

function encode(
  messages: readonly ChatMessage[],
  tools: readonly ToolSchema[] | undefined,
  options: DatasetOptions,
): Found {
  const { template, tokenizer, seed, context } = options;
  let conversation;
  try {
    conversation = encodeForTraining(messages, template, tokenizer, tools);
  } catch (thrown) {
    if (!(thrown instanceof GlassboxError)) throw thrown;
    return { problems: [{ severity: 'error', code: thrown.code, message: thrown.message }] };
  }
  const { ids, mask, text } = conversation;
  const fingerprint = fingerprintOf(messages, tools);
  const first = messages.find(({ role }) => role === 'user')?.content;
  return {
    problems: checkEncoded(conversation, context),
    encoded: {
      document: {
        ids: Int32Array.from(ids),
        mask: Uint8Array.from(mask),
        bytes: Buffer.byteLength(text),
      },
      fingerprint,
      place: createHash('sha256').update(`${seed}:${fingerprint}`).digest('hex'),
      question: first !== undefined && first.length <= QUESTION_LENGTH ? first : undefined,
    },
  };
}

/** The share, at least one where there are two that differ; those that are the same stay together. */
function chooseHeldOut(all: readonly Encoded[], fraction: number): ReadonlySet<Encoded> {
  const byPlace = [...all].sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  const wanted = fraction === 0 ? 0 : Math.max(1, Math.round(all.length * fraction));
  const last = byPlace[wanted - 1];
  if (!last) return new Set();
  const chosen = byPlace.filter(({ place }) => place <= last.place);
  return new Set(chosen.length < all.length ? chosen : []);
}

function noConversations(paths: readonly string[], reason: string | undefined): GlassboxError {
  const what = reason === undefined ? '' : ` The first record: ${reason}`;
  return new GlassboxError(
    'no-conversations',
    `There is no conversation to learn from in ${paths.join(', ')}.${what}`,
    {
      remedy:
        'Give .jsonl, .json or .chatml files of conversations; docs/assistant.md has the forms.',
    },
  );
}
