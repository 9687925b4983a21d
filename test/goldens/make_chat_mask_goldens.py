#!/usr/bin/env python3
"""Makes what transformers' apply_chat_template gives of whole conversations, with the masks of what
the assistant says, as test goldens.

    python make_chat_mask_goldens.py BUILTIN_TEMPLATES_TS OUTPUT_FILE

The templates are those of src/engine/chat/builtinTemplates.ts, and two more that mark their answers in
other manners. The tokenizer is made as in make_chat_goldens.py, with every template's special tokens.
The messages hold no special tokens: of those transformers makes tokens, and Glassbox does not.

Made with Python 3.11.7, transformers 5.24.0, tokenizers 0.23.3, jinja2 3.1.6.
"""
import json
import re
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

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
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([json.dumps(talk) for talk in TALKS] + list(templates.values()), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<|endoftext|>", eos_token="<|endoftext|>"
    )
    cases = []
    for name, template in templates.items():
        for messages in TALKS:
            text = tokenizer.apply_chat_template(messages, tokenize=False, chat_template=template)
            encoded = tokenizer.apply_chat_template(
                messages,
                tokenize=True,
                return_dict=True,
                return_assistant_tokens_mask=True,
                chat_template=template,
            )
            case = {
                "template": name,
                "messages": messages,
                "text": text,
                "ids": list(encoded["input_ids"]),
                "mask": list(encoded["assistant_masks"]),
            }
            if name in dict(found) and messages[-1]["role"] == "assistant":
                prompt = tokenizer.apply_chat_template(
                    messages[:-1], tokenize=False, add_generation_prompt=True, chat_template=template
                )
                case["prompt"] = prompt
            cases.append(case)
    golden = {
        "tokenizer": json.loads(core.to_str()),
        "tokenizerConfig": {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"},
        "templates": templates,
        "cases": cases,
    }
    Path(sys.argv[2]).write_text(json.dumps(golden, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
