"""What the makers of the chat templates' goldens share: a tokenizer of a few hundred tokens, and the form
of the files: the tokenizer with its configuration, the templates by name, and the cases.
"""
import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast


def train_tokenizer(texts, size, special, bos, eos, added=()):
    """A byte-level BPE tokenizer of `size` tokens, as JSON and as transformers has it; `added` are further
    tokens that are not special."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    core.add_tokens([AddedToken(token, special=False, normalized=False) for token in added])
    # As it is before transformers adds to its own copy.
    return core.to_str(), PreTrainedTokenizerFast(tokenizer_object=core, bos_token=bos, eos_token=eos)


def apply(tokenizer, template, messages, mask=False, **options):
    """The text that transformers writes, and what it encodes, with `mask` the mask of the answers too."""
    options |= {"chat_template": template}
    text = tokenizer.apply_chat_template(messages, tokenize=False, **options)
    options |= {"return_dict": True, "return_assistant_tokens_mask": mask}
    return text, tokenizer.apply_chat_template(messages, tokenize=True, **options)


def write_goldens(core, tokenizer, templates, cases):
    """To the file that the command line names last."""
    golden = {
        "tokenizer": json.loads(core),
        "tokenizerConfig": {"bos_token": tokenizer.bos_token, "eos_token": tokenizer.eos_token},
        "templates": templates,
        "cases": cases,
    }
    Path(sys.argv[-1]).write_text(json.dumps(golden, ensure_ascii=False), encoding="utf-8")
