#!/usr/bin/env python3
"""Makes what transformers' apply_chat_template gives, as test goldens.

    python make_chat_goldens.py OUTPUT_FILE

writes one JSON file:

  tokenizer        a byte-level BPE tokenizer.json of 600 tokens, with the special tokens of the
                   templates
  tokenizerConfig  the tokenizer_config.json beside it
  templates        chat templates by name, in the manners of ChatML, of Llama 3 (trims messages),
                   of Mistral (system message inside the first turn, refuses wrong roles) and of
                   Qwen 3 (looks into messages and drops earlier thoughts)
  cases            template, messages, and the text and ids that transformers makes of them, up to
                   where the assistant's next message begins

The messages hold no special tokens: of those transformers makes tokens, and Glassbox does not.

Made with Python 3.11.7, transformers 5.23.0, tokenizers 0.23.3, jinja2 3.1.6.
"""
import json

from chat_goldens import apply, train_tokenizer, write_goldens

SPECIAL = [
    "<|begin|>",
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "[INST]",
    "[/INST]",
]

TEMPLATES = {
    "chatml": (
        "{%- if messages[0]['role'] != 'system' %}\n"
        "{{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}\n"
        "{%- endif %}\n"
        "{%- for message in messages %}\n"
        "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    ),
    "llama3": (
        "{% set loop_messages = messages %}{% for message in loop_messages %}"
        "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'"
        " + message['content'] | trim + '<|eot_id|>' %}"
        "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
        "{{ content }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
    ),
    "mistral": (
        "{%- if messages[0].role == 'system' %}{% set system = messages[0].content %}"
        "{% set turns = messages[1:] %}{% else %}{% set turns = messages %}{% endif %}"
        "{{- bos_token }}"
        "{%- for message in turns %}"
        "{%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{- raise_exception('Roles must take turns.') }}{% endif %}"
        "{%- if message.role == 'user' %}"
        "{{- '[INST] ' }}{% if loop.first and system is defined %}{{ system + '\\n\\n' }}{% endif %}"
        "{{- message.content + ' [/INST]' }}"
        "{%- else %}{{ ' ' + message.content + eos_token }}{% endif %}"
        "{%- endfor %}"
    ),
    "qwen3": (
        "{%- set ns = namespace(last=-1) %}"
        "{%- for message in messages %}{% if message.role == 'user' %}{% set ns.last = loop.index0 %}"
        "{% endif %}{% endfor %}"
        "{%- for message in messages %}"
        "{%- set content = message.content %}"
        "{%- if message.role == 'assistant' and '</think>' in content and loop.index0 < ns.last %}"
        "{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{% endif %}"
        "{{- '<|im_start|>' ~ message.role ~ '\\n' ~ content ~ '<|im_end|>\\n' }}"
        "{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"
    ),
}

TALKS = [
    [{"role": "user", "content": "Call me Ishmael."}],
    [
        {"role": "system", "content": "You are a whale."},
        {"role": "user", "content": "  Where do you\n swim?  "},
        {"role": "assistant", "content": "<think>\nNorth?\n</think>\n\nNorth, in 1851."},
        {"role": "user", "content": "\n\nÜber Größe & naïve café, 鯨 🐋!\n"},
    ],
    [
        {"role": "user", "content": ""},
        {"role": "assistant", "content": "Say < | something |> more."},
        {"role": "user", "content": "a" * 40 + "\t{{ messages }} {% if %}"},
    ],
]


def main() -> None:
    texts = [json.dumps(talk) for talk in TALKS] + list(TEMPLATES.values())
    core, tokenizer = train_tokenizer(texts, 600, SPECIAL, bos="<|begin|>", eos="<|endoftext|>")
    cases = []
    for name, template in TEMPLATES.items():
        for messages in TALKS:
            text, encoded = apply(tokenizer, template, messages, add_generation_prompt=True)
            ids = list(encoded["input_ids"])
            cases.append({"template": name, "messages": messages, "text": text, "ids": ids})
    write_goldens(core, tokenizer, TEMPLATES, cases)


if __name__ == "__main__":
    main()
