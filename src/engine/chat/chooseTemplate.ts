/**
 * Which template a model is taught, and what its tokenizer needs for it: one of the built-in forms by
 * name, a file of one's own, or the one that the model has already.
 */
import { GlassboxError } from '../../base/errors';
import { readTextFile } from '../../base/files';
import { withSpecialTokens } from '../tokenizer/tokenizer';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { BUILTIN_TEMPLATES } from './builtinTemplates';
import { encodeForTraining } from './conversation';
import { ChatTemplate } from './template';

export interface Taught {
  readonly template: ChatTemplate;
  /** With every special token that the template writes. */
  readonly tokenizer: Tokenizer;
  /** Ids that the tokenizer did not have. */
  readonly added: readonly number[];
  /** The token that ends an answer, where the template has one. */
  readonly endId: number | undefined;
}

/** What looks like a special token in a template of one's own. */
const NAMES = /<\|[\w./:-]{1,64}\|>/g;

/**
 * @param name `auto` (the model's own, else chatml), `chatml`, `llama3`, `nanochat`, or the path of a
 *   .jinja file
 * @param own the template that the model has
 * @throws GlassboxError `chat-template`, or the file system's reason
 */
export async function chooseTemplate(
  name: string,
  own: string | undefined,
  tokenizer: Tokenizer,
): Promise<Taught> {
  const builtin = Object.hasOwn(BUILTIN_TEMPLATES, name)
    ? BUILTIN_TEMPLATES[name]
    : name === 'auto' && own === undefined
      ? BUILTIN_TEMPLATES['chatml']
      : undefined;
  if (builtin) {
    // What the form has no use for in this conversation may be used in the next: all of them.
    return teach(new ChatTemplate(builtin.source), builtin.specialTokens, tokenizer);
  }
  const source = name === 'auto' ? (own ?? '') : await readTemplate(name);
  return teach(new ChatTemplate(source), [...new Set(source.match(NAMES) ?? [])], tokenizer);
}

async function readTemplate(file: string): Promise<string> {
  if (!/\.(jinja|jinja2|txt)$/i.test(file))
    throw new GlassboxError('chat-template', `There is no chat template ${file}.`, {
      remedy: `Name one of ${Object.keys(BUILTIN_TEMPLATES).join(', ')}, or a file that ends in .jinja.`,
    });
  return readTextFile(file);
}

function teach(template: ChatTemplate, names: readonly string[], tokenizer: Tokenizer): Taught {
  const extended = withSpecialTokens(tokenizer, names);
  const endId = endOf(template, extended.tokenizer);
  const eos = endId === undefined ? undefined : extended.tokenizer.tokenText(endId);
  const renewed = withSpecialTokens(extended.tokenizer, [], { eos });
  return { template, tokenizer: renewed.tokenizer, added: extended.added, endId };
}

/** The last token that is learnt of an answer, if it is a special one. */
function endOf(template: ChatTemplate, tokenizer: Tokenizer): number | undefined {
  const sample = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
  ] as const;
  const { ids, mask } = encodeForTraining(sample, template, tokenizer);
  const last = ids[mask.lastIndexOf(1)];
  return last !== undefined && new Set(tokenizer.specialTokens.values()).has(last)
    ? last
    : undefined;
}
