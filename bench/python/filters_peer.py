"""What datatrove says of texts, for bench/filters.ts.

    python filters_peer.py filters|duplicates TEXTS.json ANSWER.json

`filters` gives the reasons of FineWeb's four text filters, each on the text as it came, and what C4's
leaves of it; `duplicates` the numbers of the texts that share a band of their MinHash signature with an
earlier text, directly or by others (14 bands of 8 hashes, 5 words, as in datatrove's examples/fineweb.py).
"""
import json
import sys

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.utils.hashing import HashConfig


def filters(texts):
    reasons, c4 = {}, []
    for name, judge in {
        "gopherRepetition": GopherRepetitionFilter(),
        "gopherQuality": GopherQualityFilter(),
        "c4": C4QualityFilter(filter_no_terminal_punct=False),
        "fineweb": FineWebQualityFilter(),
    }.items():
        reasons[name] = []
        for number, text in enumerate(texts):
            document = Document(text=text, id=str(number))
            verdict = judge.filter(document)
            reasons[name].append(verdict[1] if isinstance(verdict, tuple) else None if verdict else "dropped")
            if name == "c4":
                c4.append(document.text)
    return {"reasons": reasons, "c4": c4, "duplicates": []}


def duplicates(texts):
    config = MinhashConfig(
        hash_config=HashConfig(hash_fc="sha1", precision=64), num_buckets=14, hashes_per_bucket=8, n_grams=5
    )
    signer = MinhashDedupSignature(output_folder="/dev/null", config=config)
    parents = list(range(len(texts)))

    def root(number):
        while parents[number] != number:
            number = parents[number]
        return number

    firsts = {}
    for number, text in enumerate(texts):
        shingles = signer.get_shingles(text)
        if shingles.size == 0:
            continue
        for band, values in enumerate(signer.get_signature(shingles)):
            first = root(firsts.setdefault((band, *values), number))
            mine = root(number)
            parents[max(first, mine)] = min(first, mine)
    found = [number for number in range(len(texts)) if root(number) != number]
    return {"reasons": {}, "c4": [], "duplicates": found}


def main():
    task, source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        texts = json.load(file)
    answer = filters(texts) if task == "filters" else duplicates(texts)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
