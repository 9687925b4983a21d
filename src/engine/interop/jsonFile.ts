/** JSON files of a model's folder, with messages that name the file and the field. */
import type * as z from 'zod';
import { GlassboxError } from '../../base/errors';

/** An error of zod's as the list of what is wrong where. */
export function issuesOf(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length ? `${path.join('.')}: ${message}` : message))
    .join('; ');
}

/** Parses `text` as JSON of the given schema; `name` is the file's, for the message. */
export function parseJsonFile<T>(text: string, schema: z.ZodType<T>, name: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    throw new GlassboxError('model-config', `${name} is not JSON: ${String(thrown)}.`, {
      remedy: 'Copy or download the file again.',
      cause: thrown,
    });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new GlassboxError('model-config', `${name} is not valid: ${issuesOf(parsed.error)}.`, {
    remedy: `Correct those fields of ${name}.`,
    cause: parsed.error,
  });
}
