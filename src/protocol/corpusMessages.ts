/** What is asked of the engine about corpora: curating one, and looking into one. */
import * as z from 'zod';
import { corpusSchema } from '../recipe/corpus';
import { count, path } from './fields';

const stepSchema = z.enum(['filter', 'bands', 'clusters', 'write']);

export const curateRequestSchema = z.object({
  /** Absent to go on with what was planned in the folder. */
  recipe: corpusSchema.optional(),
  /** What the recipe's relative paths start from; the engine's current folder if absent. */
  folder: path.optional(),
  /** The corpus's folder. */
  out: path,
  /** How many segments are worked on at once; all cores but one if absent. */
  workers: z.int().positive().max(1024).optional(),
  /** One step alone; all that are missing if absent. */
  step: stepSchema.optional(),
  /** Of the steps filter and bands: the work whose number leaves this remainder. */
  shard: z
    .object({ index: count, of: z.int().positive() })
    .refine(({ index, of }) => index < of)
    .optional(),
});

export const planCorpusRequestSchema = z.object({
  recipe: corpusSchema,
  /** What relative paths start from; the engine's current folder if absent. */
  folder: path.optional(),
  /** The corpus's folder, as the machines of the cluster see it too. */
  out: path,
  /** Where the manifests go. */
  manifests: path,
  engine: z.enum(['slurm', 'kubernetes']),
  /** Parts that the filtering is cut into. */
  shards: z.int().positive(),
  /** Processor cores for each job that filters. */
  cores: z.int().positive(),
  /** How Glassbox is called there, as a shell reads it. */
  command: z.string().min(1),
  /** Kubernetes: a container's image with Glassbox in it. */
  image: z.string().optional(),
  /** Kubernetes: the claim of a volume with the sources and the corpus, and where it is mounted. */
  claim: z.string().optional(),
  mount: z.string().optional(),
});

export const planCorpusAnswerSchema = z.object({ files: z.array(path) });

const dropped = z.record(z.string(), count);

export const curateEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    out: path,
    files: count,
    /** Of the sources. */
    bytes: count,
    segments: count,
    /** Segments that an earlier call has left. */
    resumed: count,
  }),
  z.object({
    kind: z.literal('progress'),
    phase: z.enum(['filter', 'duplicates', 'write']),
    /** Bytes of the sources that are done with, in this phase. */
    done: count,
    total: count,
    documents: count,
    kept: count,
    documentsPerSecond: z.number(),
    secondsLeft: z.number().nullable(),
  }),
  z.object({
    kind: z.literal('done'),
    documentsIn: count,
    documentsKept: count,
    tokens: count,
    /** By `<stage>.<reason>`. */
    dropped,
    out: path,
  }),
  /** One step alone has come to its end, or a part of it. */
  z.object({ kind: z.literal('stepDone'), step: stepSchema, out: path }),
]);

export const filterSegmentRequestSchema = z.object({ corpus: path, segment: count });

export const explainDocumentRequestSchema = z.object({
  corpus: path,
  /** A URL, an id, or the id of the source's record. */
  document: z.string().min(1),
});

const documentSchema = z.object({
  id: z.string(),
  url: z.string().optional(),
  date: z.string().optional(),
  title: z.string().optional(),
  language: z.string().optional(),
  languageScore: z.number().optional(),
  tokens: count,
  text: z.string(),
  file: z.string(),
  offset: z.number(),
  record: z.string().optional(),
  drop: z
    .object({
      stage: z.string(),
      reason: z.string(),
      measured: z.number().optional(),
      threshold: z.number().optional(),
      of: z.string().optional(),
    })
    .optional(),
});

const limit = z.object({
  setting: z.string(),
  threshold: z.number(),
  drops: z.enum(['above', 'below']),
  crossed: z.boolean(),
});

export const explanationSchema = z.object({
  document: documentSchema,
  shard: z.string(),
  /** From 1. */
  line: count,
  stages: z
    .array(
      z.object({
        stage: z.string(),
        values: z
          .array(
            z.object({ measure: z.string(), value: z.number(), limits: z.array(limit).readonly() }),
          )
          .readonly(),
      }),
    )
    .readonly(),
});

export const corporaRequestSchema = z.object({
  /** Searched some levels deep. */
  folders: z.array(path),
});

export const corpusSummarySchema = z.object({
  folder: path,
  name: z.string(),
  documentsIn: count,
  documentsKept: count,
  /** Of what is kept. */
  tokens: count,
  /** Why it can't be used. */
  problem: z.string().optional(),
  /** Of one that is not finished. */
  unfinished: z
    .object({
      /** Of its parts, those that are filtered. */
      segments: count,
      segmentsDone: count,
      /** Whether some process is at work on it. */
      busy: z.boolean(),
    })
    .optional(),
});

export const corpusDocumentsRequestSchema = z.object({
  corpus: path,
  /** Words that all occur in a document's title, URL, id, reason or text, in whatever case. */
  query: z.string(),
  /** Documents in the answer, at most. */
  limit: z.int().positive().max(10_000),
});

export const corpusDocumentsSchema = z.object({
  documents: z
    .array(
      z.object({
        shard: z.string(),
        /** From 1. */
        line: count,
        id: z.string(),
        url: z.string().optional(),
        title: z.string().optional(),
        tokens: count,
        /** How its text begins, in one line. */
        start: z.string(),
        /** `<stage>.<reason>` of one that was dropped. */
        dropped: z.string().optional(),
      }),
    )
    .readonly(),
  /** Whether there may be more than the limit. */
  more: z.boolean(),
});

export const corpusDocumentRequestSchema = z.object({
  corpus: path,
  shard: z.string().min(1),
  /** From 1. */
  line: z.int().positive(),
});

export const corpusPageSchema = z.object({
  /** Of the page that the document was made of, before anything was cut. */
  lines: z
    .array(
      z.object({
        text: z.string(),
        /** Why it is not in the document. */
        cut: z.object({ stage: z.string(), reason: z.string() }).optional(),
        /** What the document has instead. */
        becomes: z.string().optional(),
      }),
    )
    .readonly(),
});

export const corpusCopySchema = z.object({
  shard: z.string(),
  /** From 1. */
  line: count,
  id: z.string(),
  title: z.string().optional(),
  url: z.string().optional(),
  /** The share of their stretches of words that the two texts have in common. */
  similarity: z.number(),
});

export const traceTokenRequestSchema = z.object({
  /** A run's folder. */
  run: path,
  split: z.enum(['train', 'validation']),
  /** Counted from 0 in the part. */
  token: count,
});

export const tokenOriginSchema = z.object({
  /** The document's number in the part, from 0, and its tokens: [start, end). */
  document: count,
  start: count,
  end: count,
  /** The file, followed by `:` and the line or row, from 1, where each is a document. */
  source: z.string(),
  /** Where the file is a shard of a curated corpus. */
  explanation: explanationSchema.optional(),
});

const reasons = z.record(z.string(), z.string());

const findings = {
  values: z.record(z.string(), z.record(z.string(), z.number())),
  reasons,
  /** Of the text that would be kept. */
  tokens: count,
};

export const sampledDocumentSchema = z.object({
  shard: z.string(),
  /** From 1. */
  line: count,
  id: z.string(),
  url: z.string().optional(),
  title: z.string().optional(),
  /** How its text begins, in one line. */
  start: z.string(),
  /** What every stage finds in it: `recipe/judging.ts` judges by it. */
  ...findings,
  crossings: reasons,
  /** By the stages that are off, `c4`, `language` or `language+c4`: where something else is found then. */
  without: z.record(z.string(), z.object(findings)).optional(),
  asStored: z.boolean().optional(),
  end: z.string().optional(),
  copy: z.object({ stage: z.string(), reason: z.string() }).optional(),
});

export const sampleCorpusRequestSchema = z.object({
  corpus: path,
  /** Documents in the sample, at most. */
  size: z.int().positive().max(100_000),
  /** The same seed, the same sample. */
  seed: z.int(),
});

export const sampleCorpusEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    recipe: corpusSchema,
    /** In the corpus, and in the sample. */
    documents: count,
    sampled: count,
  }),
  z.object({ kind: z.literal('documents'), documents: z.array(sampledDocumentSchema).readonly() }),
]);

export const corpusStatisticsRequestSchema = z.object({ corpus: path });

export const corpusStatisticsSchema = z.object({
  documentsIn: count,
  documentsKept: count,
  tokens: count,
  bytes: count,
  funnel: z.array(z.object({ stage: z.string(), documents: count, tokens: count })).readonly(),
  dropped,
  histograms: z.record(
    z.string(),
    z.object({
      edges: z.array(z.number()).readonly(),
      counts: z.array(count).readonly(),
      least: z.number(),
      most: z.number(),
    }),
  ),
});

export type CurateRequest = z.infer<typeof curateRequestSchema>;
export type CurateEvent = z.infer<typeof curateEventSchema>;
export type CorpusSummary = z.infer<typeof corpusSummarySchema>;
export type CorpusDocuments = z.infer<typeof corpusDocumentsSchema>;
export type CorpusDocumentRequest = z.infer<typeof corpusDocumentRequestSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
export type CorpusStatistics = z.infer<typeof corpusStatisticsSchema>;
export type SampledDocument = z.infer<typeof sampledDocumentSchema>;
export type SampleCorpusEvent = z.infer<typeof sampleCorpusEventSchema>;
export type CorpusPage = z.infer<typeof corpusPageSchema>;
