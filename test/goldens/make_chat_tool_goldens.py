#!/usr/bin/env python3
"""Makes what transformers' apply_chat_template gives with `tools`, as test goldens.

    python make_chat_tool_goldens.py OUTPUT_FILE

The templates tell of tools in the manners of instruction models: a JSON schema a line in the system turn,
with calls between markers that are added tokens but not special ones; and schemas with an indent in the
first question. A third asks whether there are tools and which, and writes nothing else of them. In the
fourth a call is a JSON object and all that a message holds, as in Llama 3.1's form for one's own tools. The
messages hold no token of the vocabulary's added part.

Made with Python 3.11.7, transformers 5.24.0, tokenizers 0.23.3, jinja2 3.1.6.
"""
import json

from chat_goldens import apply, train_tokenizer, write_goldens

TEMPLATES = {
    "lines": (
        "{%- if tools %}\n"
        "    {{- '<|im_start|>system\\n' }}\n"
        "    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}\n"
        "    {{- 'You may call these functions:\\n<tools>' }}\n"
        "    {%- for tool in tools %}\n"
        "        {{- '\\n' }}\n"
        "        {{- tool | tojson }}\n"
        "    {%- endfor %}\n"
        "    {{- '\\n</tools><|im_end|>\\n' }}\n"
        "{%- elif messages[0].role == 'system' %}\n"
        "    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}\n"
        "{%- endif %}\n"
        "{%- for message in messages %}\n"
        "    {%- if message.role == 'tool' %}\n"
        "        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}\n"
        "    {%- elif message.role != 'system' %}\n"
        "        {{- '<|im_start|>' + message.role + '\\n' + message.content }}\n"
        "        {%- for call in message.tool_calls or [] %}\n"
        "            {%- if call.function %}{%- set call = call.function %}{%- endif %}\n"
        "            {{- '\\n<tool_call>\\n{\"name\": \"' + call.name + '\", \"arguments\": ' }}\n"
        "            {{- call.arguments | tojson }}\n"
        "            {{- '}\\n</tool_call>' }}\n"
        "        {%- endfor %}\n"
        "        {{- '<|im_end|>\\n' }}\n"
        "    {%- endif %}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}\n"
    ),
    "question": (
        "{%- if not tools is defined %}{%- set tools = none %}{%- endif %}\n"
        "{%- set told = namespace(yet=tools is none) %}\n"
        "{%- for message in messages %}\n"
        "{{- '<|im_start|>' + message.role + '\\n' }}\n"
        "{%- if message.role == 'user' and not told.yet %}\n"
        "{%- set told.yet = true %}\n"
        "{{- 'Functions:\\n\\n' }}\n"
        "{%- for tool in tools %}\n"
        "{{- tool | tojson(indent=4) }}\n"
        "{{- '\\n\\n' }}\n"
        "{%- endfor %}\n"
        "{%- endif %}\n"
        "{{- message.content | trim }}\n"
        "{%- if message.tool_calls %}\n"
        "{%- for call in message.tool_calls %}\n"
        "{{- '<tool_call>' + call.function.name + ' ' + (call.function.arguments | tojson) + '</tool_call>' }}\n"
        "{%- endfor %}\n"
        "{%- endif %}\n"
        "{{- '<|im_end|>' }}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}\n"
    ),
    "asks": (
        "{{- 'none' if tools is none else 'some' if tools else 'no' }}\n"
        "{%- if tools is not none %}{{- tools | map(attribute='function') | map(attribute='name') | join(', ') }}{%- endif %}\n"
        "{{- ' yes' if documents is none else ' no' }}\n"
        "{%- for message in messages %}{{- '\\n' + message.role + ': ' + message.content }}{%- endfor %}\n"
    ),
    "object": (
        "{{- bos_token }}\n"
        "{%- for message in messages %}\n"
        "{{- '<|im_start|>' + ('output' if message.role == 'tool' else message.role) + '\\n\\n' }}\n"
        "{%- if message.role == 'user' and loop.last and tools %}\n"
        "{{- 'Answer, or write one object {\"name\": ..., \"parameters\": ...}.\\n' }}\n"
        "{%- for tool in tools %}{{- (tool | tojson) + '\\n' }}{%- endfor %}\n"
        "{%- endif %}\n"
        "{%- if message.tool_calls %}\n"
        "{%- if message.tool_calls | length != 1 %}{{- raise_exception('one call at a time') }}{%- endif %}\n"
        "{%- set call = message.tool_calls[0].function %}\n"
        "{{- '{\"name\": \"' + call.name + '\", \"parameters\": ' + (call.arguments | tojson) + '}' }}\n"
        "{%- elif message.role == 'tool' %}{{- message.content | tojson }}\n"
        "{%- else %}{{- message.content | trim }}\n"
        "{%- endif %}\n"
        "{{- '<|im_end|>' }}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n\\n' }}{%- endif %}\n"
    ),
}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "calculator",
            "description": "computes + - * / exactly, such as (12 + 30) / 4; \"quotes\" & <signs>, größer",
            "parameters": {
                "type": "object",
                "properties": {"expression": {"type": "string", "description": "what is to be computed"}},
                "required": ["expression"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "It's 1.5 or -3e-05 degrees",
            "parameters": {
                "type": "object",
                "properties": {
                    "town": {"type": "string", "enum": ["Getom", "Åre"]},
                    "days": {"type": "integer", "default": 3, "minimum": 0},
                    "exact": {"type": "boolean", "default": False},
                    "more": {"type": "array", "items": {}, "default": None},
                },
                "required": [],
            },
        },
    },
]

CALL = {"type": "function", "function": {"name": "calculator", "arguments": {"expression": "12 + 30"}}}

TALKS = [
    [{"role": "user", "content": "What is 12 + 30?"}],
    [
        {"role": "system", "content": "You are a whale."},
        {"role": "user", "content": "What is 12 + 30?"},
        {"role": "assistant", "content": "Well.", "tool_calls": [CALL]},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": "It is 42."},
        {"role": "user", "content": "Sure?"},
    ],
]


def main() -> None:
    core, tokenizer = train_tokenizer(
        [json.dumps(TALKS), json.dumps(TOOLS), *TEMPLATES.values()],
        500,
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        bos="<|endoftext|>",
        eos="<|im_end|>",
        added=["<tool_call>", "</tool_call>"],
    )
    cases = []
    for name, template in TEMPLATES.items():
        for messages in TALKS:
            for tools in (None, TOOLS[:1], TOOLS):
                text, encoded = apply(
                    tokenizer, template, messages, tools=tools, add_generation_prompt=True
                )
                ids = list(encoded["input_ids"])
                cases.append(
                    {"template": name, "messages": messages, "tools": tools, "text": text, "ids": ids}
                )
    write_goldens(core, tokenizer, TEMPLATES, cases)


if __name__ == "__main__":
    main()
