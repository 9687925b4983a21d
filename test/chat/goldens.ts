/** What transformers makes of chat templates, as test/goldens/make_chat*_goldens.py wrote it down. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { ChatTemplate } from '../../src/engine/chat/chat';
import { parseTokenizerJson } from '../../src/engine/tokenizer/tokenizer';

const goldenSchema = z.object({
  tokenizer: z.unknown(),
  tokenizerConfig: z.unknown(),
  templates: z.record(z.string(), z.string()),
  cases: z.array(z.unknown()),
});

/** The cases of a file of `test/goldens`, and what they were made with. */
export function chatGoldens<Case>(name: string, caseSchema: z.ZodType<Case>) {
  const text = readFileSync(new URL(`../goldens/${name}`, import.meta.url), 'utf8');
  const { tokenizer, tokenizerConfig, templates, cases } = goldenSchema.parse(JSON.parse(text));
  return {
    cases: z.array(caseSchema).parse(cases),
    templates,
    templateNamed: (each: string) => new ChatTemplate(templates[each] ?? ''),
    tokenizer: parseTokenizerJson(
      JSON.stringify(tokenizer),
      'tokenizer.json',
      JSON.stringify(tokenizerConfig),
    ),
  };
}
