/**
 * Which language a text is in: fastText's lid.176 (Joulin et al., 2016), the compressed model that the
 * package brings along, run as WebAssembly. FineWeb uses the uncompressed one.
 */
import { getLIDModel } from 'fasttext.wasm.js';
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Finding, Page, Stage } from './stage';

type Classifier = (
  text: string,
) => readonly { readonly language: string; readonly score: number }[];

/** The likeliest languages that are looked at: a wanted one may come second. */
const LIKELIEST = 3;

let loading: Promise<Classifier> | undefined;

async function load(): Promise<Classifier> {
  const model = await (await getLIDModel()).load();
  return (text) => {
    const found = model.predict(text, LIKELIEST, 0);
    try {
      return Array.from({ length: found.size() }, (_, i) => {
        const [score, label] = found.get(i);
        return { language: label.replace('__label__', ''), score: Math.min(1, score) };
      });
    } finally {
      // It lies in the memory of the WebAssembly module, which nothing else frees.
      found.delete();
    }
  };
}

export async function language(settings: CorpusRecipe['language']): Promise<Stage> {
  const classify = await (loading ??= load());
  const wanted = new Set(settings.wanted);

  function measure({ text }: Page): Finding {
    const found = classify(text.replaceAll('\n', ' '));
    const [best] = found;
    if (!best) return { values: { score: 0 }, reason: 'unknown' };
    const fitting = wanted.size === 0 ? best : found.find((each) => wanted.has(each.language));
    const score = fitting?.score ?? 0;
    const isWanted = wanted.size === 0 || wanted.has(best.language);
    return {
      values: { score },
      change: { language: best.language },
      ...(isWanted ? {} : { crossing: 'notWanted' }),
    };
  }

  return { name: 'language', measure };
}
