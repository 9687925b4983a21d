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

/** What a drop by the threshold is called where the likeliest language is none of the wanted ones. */
export function languageCrossing(
  likeliest: string | undefined,
  { wanted }: CorpusRecipe['language'],
): 'notWanted' | undefined {
  const isWanted = likeliest === undefined || wanted.length === 0 || wanted.includes(likeliest);
  return isWanted ? undefined : 'notWanted';
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
    return {
      values: { score },
      change: { language: best.language },
      crossing: languageCrossing(best.language, settings),
    };
  }

  return { name: 'language', measure };
}
