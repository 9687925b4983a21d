#!/usr/bin/env python3
"""Makes what transformers' apply_chat_template gives with `tools`, as test goldens.

    python make_chat_tool_goldens.py OUTPUT_FILE

The templates tell of tools in the manners of instruction models: a JSON schema a line in the system turn,
with calls between markers that are added tokens but not special ones; and schemas with an indent in the
first question. A third asks whether there are tools and which, and writes nothing else of them. The
messages hold no token of the vocabulary's added part.

Made with Python 3.11.7, transformers 5.24.0, tokenizers 0.23.3, jinja2 3.1.6.
"""
import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

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
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([json.dumps(TALKS), json.dumps(TOOLS), *TEMPLATES.values()], trainer)
    core.add_tokens(
        [AddedToken(mark, special=False, normalized=False) for mark in ("<tool_call>", "</tool_call>")]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<|endoftext|>", eos_token="<|im_end|>"
    )
    cases = []
    for name, template in TEMPLATES.items():
        for messages in TALKS:
            for tools in (None, TOOLS[:1], TOOLS):
                encoded = tokenizer.apply_chat_template(
                    messages,
                    tools=tools,
                    tokenize=True,
                    return_dict=True,
                    add_generation_prompt=True,
                    chat_template=template,
                )
                text = tokenizer.apply_chat_template(
                    messages,
                    tools=tools,
                    tokenize=False,
                    add_generation_prompt=True,
                    chat_template=template,
                )
                ids = list(encoded["input_ids"])
                cases.append(
                    {"template": name, "messages": messages, "tools": tools, "text": text, "ids": ids}
                )
    golden = {
        "tokenizer": json.loads(core.to_str()),
        "tokenizerConfig": {"bos_token": "<|endoftext|>", "eos_token": "<|im_end|>"},
        "templates": TEMPLATES,
        "cases": cases,
    }
    Path(sys.argv[1]).write_text(json.dumps(golden, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
