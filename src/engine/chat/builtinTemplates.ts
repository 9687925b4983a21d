/**
 * Chat templates for models that have none, in three common forms. The texts are our own; what they
 * write are the forms as their makers publish them. Each marks what the assistant says, the token that
 * ends its turn included, and nothing else.
 */

export interface BuiltinTemplate {
  readonly source: string;
  /** The special tokens that it writes, besides the tokenizer's own beginning and end of a text. */
  readonly specialTokens: readonly string[];
}

/**
 * `<|im_start|>role`, a line feed, what is said, `<|im_end|>`, a line feed. A call is JSON between
 * `<tool_call>` and `</tool_call>`; what the tool gave is a turn of its own.
 */
const chatml: BuiltinTemplate = {
  specialTokens: ['<|im_start|>', '<|im_end|>', '<tool_call>', '</tool_call>'],
  source: `{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\\n' }}
{%- if message['role'] == 'assistant' %}
{%- generation %}
{{- message['content'] }}
{%- for call in message['tool_calls'] or [] %}
{{- '<tool_call>' + (call['function'] | tojson) + '</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>' }}
{%- endgeneration %}
{%- else %}
{{- message['content'] + '<|im_end|>' }}
{%- endif %}
{{- '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
`,
};

/**
 * A header with the role, two line feeds, what is said without white space around it, `<|eot_id|>`. A
 * call is JSON behind `<|python_tag|>`, and the turn then ends with `<|eom_id|>`: there is more to come.
 */
const llama3: BuiltinTemplate = {
  specialTokens: [
    ...['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
    ...['<|python_tag|>', '<|eom_id|>'],
  ],
  source: `{{- '<|begin_of_text|>' }}
{%- for message in messages %}
{%- set role = 'ipython' if message['role'] == 'tool' else message['role'] %}
{{- '<|start_header_id|>' + role + '<|end_header_id|>\\n\\n' }}
{%- if role == 'assistant' %}
{%- generation %}
{{- message['content'] | trim }}
{%- for call in message['tool_calls'] or [] %}
{{- '<|python_tag|>' + (call['function'] | tojson) }}
{%- endfor %}
{{- '<|eom_id|>' if message['tool_calls'] else '<|eot_id|>' }}
{%- endgeneration %}
{%- else %}
{{- (message['content'] | trim) + '<|eot_id|>' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
`,
};

/**
 * nanochat's: a special token at both ends of each turn. What the system says stands at the beginning
 * of the first user turn. A tool is called within the assistant's turn, and its answer stands there
 * too: the turn goes on after it. Of a calculator or Python only what it is asked is written, as there;
 * of another tool JSON with its name.
 */
const nanochat: BuiltinTemplate = {
  specialTokens: [
    ...['<|bos|>', '<|user_start|>', '<|user_end|>', '<|assistant_start|>', '<|assistant_end|>'],
    ...['<|python_start|>', '<|python_end|>', '<|output_start|>', '<|output_end|>'],
  ],
  source: `{{- '<|bos|>' }}
{%- if messages[0]['role'] == 'system' %}
{%- set system = messages[0]['content'] + '\\n\\n' %}
{%- set turns = messages[1:] %}
{%- else %}
{%- set system = '' %}
{%- set turns = messages %}
{%- endif %}
{%- for message in turns %}
{%- if message['role'] == 'user' %}
{{- '<|user_start|>' + (system if loop.first else '') + message['content'] + '<|user_end|>' }}
{%- elif message['role'] == 'tool' %}
{{- '<|output_start|>' + message['content'] + '<|output_end|>' }}
{%- elif message['role'] == 'assistant' %}
{%- if loop.first or turns[loop.index0 - 1]['role'] != 'tool' %}
{{- '<|assistant_start|>' }}
{%- endif %}
{%- generation %}
{{- message['content'] }}
{%- for call in message['tool_calls'] or [] %}
{%- set arguments = call['function']['arguments'] %}
{%- set plain = arguments if arguments is string else (arguments | tojson) %}
{%- set written = plain if call['function']['name'] in ['calculator', 'python'] else (call['function'] | tojson) %}
{{- '<|python_start|>' + written + '<|python_end|>' }}
{%- endfor %}
{%- if loop.last or turns[loop.index0 + 1]['role'] != 'tool' %}
{{- '<|assistant_end|>' }}
{%- endif %}
{%- endgeneration %}
{%- else %}
{{- raise_exception('There is no place here for the role ' + message['role']) }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt and messages[-1]['role'] != 'tool' %}
{{- '<|assistant_start|>' }}
{%- endif %}
`,
};

export const BUILTIN_TEMPLATES: Readonly<Record<string, BuiltinTemplate>> = {
  chatml,
  llama3,
  nanochat,
};
