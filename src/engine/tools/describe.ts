/** A tool as a model is told of it: the JSON schema of a function, as OpenAI's interface has it. */
import type { Tool } from './tool';

/** What templates get as an element of `tools`. */
export type ToolSchema = Readonly<Record<string, unknown>>;

/** In the order of keys that transformers' `get_json_schema` gives. */
export function describeTool({ name, description, input }: Tool): ToolSchema {
  const parameters = {
    type: 'object',
    properties: { [input.name]: { type: 'string', description: input.description } },
    required: [input.name],
  };
  return { type: 'function', function: { name, description, parameters } };
}
