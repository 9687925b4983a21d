/**
 * What only somebody inside the extension host can see, and what another extension sees of this one:
 * the tests of test/vscode/host, run there at once, each with its own line here.
 */
import { expect, it } from 'vitest';
import { runHostTests } from './harness/hostTests';
import { trainTalker } from './harness/talker';

const TRANSCRIPT = `<|im_start|>system
Be brief.<|im_end|>
<|im_start|>user
What is
red?<|im_end|>
<|im_start|>assistant
The apple is red.<|im_end|>
`;

const { code, results } = await runHostTests(['activation'], {
  files: {
    'hello.txt': 'hello world\n',
    'notes.txt': 'Q: What is red?\nA: The',
    'talk.chatml': TRANSCRIPT,
    'whales.recipe.json': '{}\n',
    'web.corpus.json': '{ "sources": ["whales.txt", "missing.warc"] }\n',
    'whales.txt': 'The whale swims at night.\n'.repeat(2000),
    ...trainTalker(),
  },
  settings: {
    'glassbox.tokens.tokenizer': 'cl100k_base',
    'glassbox.models.folders': [],
    // What asks a model of ours through VS Code.
    'chat.disableAIFeatures': false,
  },
});

for (const { name, error } of results)
  it(name, () => {
    expect(error).toBeUndefined();
  });

it('ran them', () => {
  expect(results.length).toBeGreaterThan(20);
});

it('leaves no engine behind when the extension host ends', async () => {
  await expect.poll(() => code.engineProcess(), { timeout: 30_000 }).toBeUndefined();
});
