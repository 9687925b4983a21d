/**
 * Judged documents as a Parquet file (hyparquet-writer): the fields of a line of JSON as columns, the
 * measured values and the reason of a drop as columns of JSON. And back.
 */
import type { SchemaElement } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { readParquet } from '../data/data';
import { storedDocumentSchema, type StoredDocument } from './storedDocument';

type ColumnType = 'STRING' | 'INT32' | 'DOUBLE' | 'JSON';

const COLUMNS = [
  { name: 'text', type: 'STRING', required: true },
  { name: 'id', type: 'STRING', required: true },
  { name: 'url', type: 'STRING', required: false },
  { name: 'date', type: 'STRING', required: false },
  { name: 'title', type: 'STRING', required: false },
  { name: 'language', type: 'STRING', required: false },
  { name: 'languageScore', type: 'DOUBLE', required: false },
  { name: 'tokens', type: 'INT32', required: true },
  { name: 'file', type: 'STRING', required: true },
  { name: 'offset', type: 'DOUBLE', required: true },
  { name: 'record', type: 'STRING', required: false },
  { name: 'values', type: 'JSON', required: true },
  { name: 'drop', type: 'JSON', required: false },
] as const satisfies readonly { name: keyof StoredDocument; type: ColumnType; required: boolean }[];

const PHYSICAL = {
  STRING: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  JSON: { type: 'BYTE_ARRAY', converted_type: 'JSON' },
  INT32: { type: 'INT32' },
  DOUBLE: { type: 'DOUBLE' },
} as const;

const SCHEMA: SchemaElement[] = [
  { name: 'document', num_children: COLUMNS.length },
  ...COLUMNS.map(({ name, type, required }): SchemaElement => ({
    name,
    ...PHYSICAL[type],
    repetition_type: required ? 'REQUIRED' : 'OPTIONAL',
  })),
];

/** As FineWeb's shards have it: a reader need not hold more. */
const GROUP_ROWS = 1000;
const GROUP_CHARACTERS = 1 << 24;

export class ParquetShard {
  readonly #writer: ParquetWriter;
  #held: StoredDocument[] = [];
  #characters = 0;

  constructor(file: string) {
    this.#writer = new ParquetWriter({ writer: fileWriter(file), schema: SCHEMA });
  }

  async add(document: StoredDocument): Promise<void> {
    this.#held.push(document);
    this.#characters += document.text.length;
    if (this.#held.length >= GROUP_ROWS || this.#characters >= GROUP_CHARACTERS)
      await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = [];
    this.#characters = 0;
    await this.#writer.write({
      columnData: COLUMNS.map(({ name, type }) => ({
        name,
        type,
        data: held.map((document) => document[name] ?? null),
      })),
      rowGroupSize: held.length,
    });
  }

  async close(): Promise<void> {
    await this.#flush();
    await this.#writer.finish();
  }
}

/** The documents of such a file, in order. Throws what `readParquet` does. */
export async function* readParquetShard(file: string): AsyncGenerator<StoredDocument, void, void> {
  const columns = COLUMNS.map(({ name }) => name);
  for await (const { values } of readParquet(file, { columns, required: columns })) {
    const present = Object.entries(values).filter(
      ([, value]) => value !== null && value !== undefined,
    );
    yield storedDocumentSchema.parse(Object.fromEntries(present));
  }
}
