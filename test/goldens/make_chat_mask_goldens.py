#!/usr/bin/env python3
"""Makes what transformers' apply_chat_template gives of whole conversations, with the masks of what
the assistant says, as test goldens.

    python make_chat_mask_goldens.py BUILTIN_TEMPLATES_TS OUTPUT_FILE

The templates are those of src/engine/chat/builtinTemplates.ts, and three more: two mark their answers in
other manners, in one a call is a JSON object and all that a message holds. The tokenizer is made as in make_chat_goldens.py, with every template's special tokens.
The messages hold no special tokens: of those transformers makes tokens, and Glassbox does not.

Made with Python 3.11.7, transformers 5.24.0, tokenizers 0.23.3, jinja2 3.1.6.
"""
import json
import re
import sys
from pathlib import Path

from chat_goldens import apply, train_tokenizer, write_goldens

MORE = {
    # Marks on lines of their own, white space left to jinja's trimming.
    "lines": (
        "{% for message in messages %}\n"
        "  {% if message.role == 'assistant' %}\n"
        "Answer:{% generation %} {{ message.content }}{{ eos_token }}{% endgeneration %}\n"
        "\n"
        "  {% else %}\n"
        "{{ message.role }}: {{ message.content }}\n"
        "  {% endif %}\n"
        "{% endfor %}\n"
    ),
    # The end of the turn is not learnt, and the answer is trimmed.
    "bare": (
        "{%- for message in messages -%}\n"
        "{{ '<|im_start|>' ~ message.role ~ '\\n' }}\n"
        "{%- if message.role == 'assistant' -%}\n"
        "   {%- generation -%}   {{ message.content | trim }}   {%- endgeneration -%}\n"
        "{%- else -%} {{ message.content }} {%- endif -%}\n"
        "{{ '<|im_end|>' }}\n"
        "{%- endfor -%}"
    ),
    "object": (
        "{%- for message in messages %}\n"
        "{{- '<|im_start|>' + message.role + '\\n\\n' }}\n"
        "{%- if message.role == 'assistant' %}\n"
        "{%- generation %}\n"
        "{%- if message.tool_calls %}\n"
        "{%- set call = message.tool_calls[0].function %}\n"
        "{{- '{\"name\": \"' + call.name + '\", \"parameters\": ' + (call.arguments | tojson) + '}' }}\n"
        "{%- else %}{{- message.content | trim }}{%- endif %}\n"
        "{{- '<|im_end|>' }}\n"
        "{%- endgeneration %}\n"
        "{%- else %}\n"
        "{{- message.content + '<|im_end|>' }}\n"
        "{%- endif %}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n\\n' }}{%- endif %}\n"
    ),
}

CALL = {"type": "function", "function": {"name": "calculator", "arguments": {"expression": "12*34"}}}
PLAIN_CALL = {"type": "function", "function": {"name": "python", "arguments": "12*34"}}

SEARCH = {"type": "function", "function": {"name": "search", "arguments": "white whale"}}

TALKS = [
    [
        {"role": "user", "content": "Call me Ishmael."},
        {"role": "assistant", "content": "Ishmael, then."},
    ],
    [
        {"role": "system", "content": "You are a whale."},
        {"role": "user", "content": "  Where do you\n swim?  "},
        {"role": "assistant", "content": "North, in 1851.\n"},
        {"role": "user", "content": "Über Größe & naïve café, 鯨 🐋!"},
        {"role": "assistant", "content": " 鯨 🐋, so <b>große</b>!"},
    ],
    [
        {"role": "user", "content": "What is 12 times 34?"},
        {"role": "assistant", "content": "Let me see. ", "tool_calls": [CALL]},
        {"role": "tool", "content": "408"},
        {"role": "assistant", "content": "It is 408."},
    ],
    [
        {"role": "user", "content": "And again?"},
        {"role": "assistant", "content": "", "tool_calls": [PLAIN_CALL]},
        {"role": "tool", "content": "408"},
        {"role": "assistant", "content": "Still 408."},
        {"role": "user", "content": "Thanks."},
        {"role": "assistant", "content": "Any time."},
    ],
    [
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "", "tool_calls": [SEARCH]},
        {"role": "tool", "content": "nothing found"},
        {"role": "assistant", "content": "Once more.", "tool_calls": [CALL]},
        {"role": "tool", "content": "408"},
        {"role": "assistant", "content": "Ahab."},
    ],
]


def main() -> None:
    source = Path(sys.argv[1]).read_text(encoding="utf-8")
    found = re.findall(r"const (\w+): BuiltinTemplate = \{.*?source: `(.*?)`", source, re.S)
    templates = {name: text.replace("\\\\", "\\") for name, text in found} | MORE
    special = sorted(set(re.findall(r"<\|\w+\|>|</?tool_call>", source)) | {"<|endoftext|>"})
    texts = [json.dumps(talk) for talk in TALKS] + list(templates.values())
    core, tokenizer = train_tokenizer(texts, 700, special, bos="<|endoftext|>", eos="<|endoftext|>")
    cases = []
    for name, template in templates.items():
        for messages in TALKS:
            text, encoded = apply(tokenizer, template, messages, mask=True)
            case = {
                "template": name,
                "messages": messages,
                "text": text,
                "ids": list(encoded["input_ids"]),
                "mask": list(encoded["assistant_masks"]),
            }
            if name in dict(found) and messages[-1]["role"] == "assistant":
                asked = messages[:-1]
                case["prompt"], _ = apply(tokenizer, template, asked, add_generation_prompt=True)
            cases.append(case)
    write_goldens(core, tokenizer, templates, cases)


if __name__ == "__main__":
    main()
