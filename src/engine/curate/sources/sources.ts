/** Who reads which format. */
import type { CorpusRecipe } from '../../../recipe/corpus';
import type { Read } from '../document';
import { readJsonl } from './jsonl';
import { readPage } from './page';
import { readParquetSource } from './parquet';
import type { Stretch } from './source';
import { readWarc } from './warc';

export { isReadable, listSources } from './listSources';

/** The documents, and the records that are none, of a stretch of a file. */
export function readStretch(stretch: Stretch, { reading }: CorpusRecipe): AsyncIterable<Read> {
  switch (stretch.file.format) {
    case 'warc':
      return readWarc(stretch);
    case 'html':
    case 'text':
      return readPage(stretch);
    case 'jsonl':
      return readJsonl(stretch, reading.textField);
    case 'parquet':
      return readParquetSource(stretch, reading.textField);
  }
}
