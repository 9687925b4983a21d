"""Times the training of byte-level BPE with Hugging Face tokenizers, for bench/tokenizer.ts.

    RAYON_NUM_THREADS=N python tokenizer_peer.py FOLDER gpt2|cl100k VOCAB

trains on the folder's .txt files (trimmed, one line end after each, so that it doesn't matter that
each is a text of its own here) in the order of their names, read beforehand, and prints one line:
{"seconds": of the training alone, "merges": SHA-256 of the merges as compact JSON}.
"""
import hashlib
import json
import sys
import time
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def main():
    folder, pattern, size = sys.argv[1:]
    paths = sorted(Path(folder).glob("*.txt"))
    texts = [path.read_bytes().decode().strip() + "\n" for path in paths]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern == "gpt2")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level
    if pattern == "cl100k":
        split = pre_tokenizers.Split(Regex(CL100K), behavior="isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=int(size),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    started = time.perf_counter()
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    seconds = time.perf_counter() - started
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    compact = json.dumps(merges, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(compact.encode()).hexdigest()
    print(json.dumps({"seconds": seconds, "merges": digest}))


main()
