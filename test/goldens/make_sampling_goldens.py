#!/usr/bin/env python3
"""Makes goldens of sampling: what transformers' logits processors leave of random logits.

    python make_sampling_goldens.py > sampling.json

Each case has the logits, the ids seen so far, the options, and the probabilities with which
transformers would draw each id. Processors in the order in which `generate` applies them.

Made with Python 3.11.7, torch 2.15.0, transformers 5.23.0.
"""
import itertools
import json

import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

VOCAB = 24


def processors(options):
    chosen = LogitsProcessorList()
    if options["repetitionPenalty"] != 1:
        chosen.append(RepetitionPenaltyLogitsProcessor(options["repetitionPenalty"]))
    if options["temperature"] != 1:
        chosen.append(TemperatureLogitsWarper(options["temperature"]))
    if options["topK"] != 0:
        chosen.append(TopKLogitsWarper(options["topK"]))
    if options["topP"] != 1:
        chosen.append(TopPLogitsWarper(options["topP"]))
    if options["minP"] != 0:
        chosen.append(MinPLogitsWarper(options["minP"]))
    return chosen


def main():
    generator = torch.Generator().manual_seed(7)
    cases = []
    for temperature, top_k, top_p, min_p, penalty in itertools.product(
        [1.0, 0.6, 1.7], [0, 5], [1.0, 0.8], [0.0, 0.07], [1.0, 1.3]
    ):
        options = dict(
            temperature=temperature, topK=top_k, topP=top_p, minP=min_p, repetitionPenalty=penalty
        )
        # Rounded, so that the JSON holds the very float32 values and some are equal.
        logits = (torch.randn(VOCAB, generator=generator) * 3 * 4).round() / 4
        seen = torch.randint(0, VOCAB, (6,), generator=generator)
        scores = processors(options)(seen[None], logits[None].clone())
        probabilities = torch.softmax(scores.double(), -1)[0]
        cases.append(
            dict(
                logits=logits.tolist(),
                seen=seen.tolist(),
                options=options,
                probabilities=[round(p, 9) for p in probabilities.tolist()],
            )
        )
    print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")


if __name__ == "__main__":
    main()
