#!/usr/bin/env python3
"""Makes tiny random Hugging Face models and the logits they give, as test goldens.

    python make_hf_models.py OUTPUT_DIR

writes OUTPUT_DIR/{llama3,qwen2,qwen3}, each with config.json, the weights as
safetensors (as transformers' save_pretrained writes them) and golden.json:

  ids                 40 input token ids
  positions           the positions whose logits are given: the last, and 5
  logits              one row of vocab_size float32 logits for each of positions
  allLogitsChecksum   sum over all positions t and tokens v of
                      logits[t][v] * ((31 * t + 7 * v) % 13 - 6), in float64
  greedy              20 token ids: the greedy continuation of ids
  greedyMargin        the smallest gap between the best and the second-best logit
                      met on the way, so a reader can tell rounding from error
  versions            the packages that computed all this

llama3  Llama 3 style: rope scaling of type llama3 with a short original context,
        so that 40 tokens go past it and all three of its frequency bands occur;
        grouped key/value heads, separate output matrix, one float32 file.
qwen2   biases on Q, K and V, tied embeddings; bfloat16, several shards with an index.
        Its golden comes from the saved bfloat16 weights read back as float32.
qwen3   norms on Q and K, head_dim set so that heads * head_dim != hidden_size,
        separate output matrix, one float32 file.

All weights are random: matrices and biases normal with std 0.3, norm weights
1 + 0.3 * normal. Everything is seeded and runs in float32 on one CPU thread.
Each model's token ids are drawn until the greedy continuation is decided by a clear
margin, never meets eos_token_id and is not one token over and over.

Made with Python 3.11.7, torch 2.15.0, transformers 5.23.0,
safetensors 0.8.0, numpy 2.4.6.
"""
import argparse
import json
import math
import shutil
from pathlib import Path

import numpy as np
import safetensors
import torch
import transformers
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

PROMPT_LENGTH = 40
GREEDY_LENGTH = 20
MARGIN = 0.05
STD = 0.3

COMMON = dict(
    vocab_size=160,
    hidden_size=48,
    intermediate_size=96,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=256,
    bos_token_id=1,
    eos_token_id=2,
)

# With head_dim 12 and base 1000 the six wavelengths are 6.3, 19.9, 62.8, ...:
# above, inside and below the band that llama3 scaling blends (8 to 32 positions).
LLAMA3_ROPE = dict(
    rope_type="llama3",
    rope_theta=1000.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=32,
)


def make_llama3():
    config = LlamaConfig(
        **COMMON, rms_norm_eps=1e-5, tie_word_embeddings=False, rope_parameters=LLAMA3_ROPE
    )
    return LlamaForCausalLM(config)


def make_qwen2():
    config = Qwen2Config(
        **COMMON,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0),
    )
    return Qwen2ForCausalLM(config)


def make_qwen3():
    config = Qwen3Config(
        **{**COMMON, "intermediate_size": 80},
        head_dim=16,
        rms_norm_eps=1e-6,
        tie_word_embeddings=False,
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0),
    )
    return Qwen3ForCausalLM(config)


# name: (constructor, seed, dtype it is saved in, largest shard or None)
MODELS = {
    "llama3": (make_llama3, 31, torch.float32, None),
    "qwen2": (make_qwen2, 32, torch.bfloat16, "40KB"),
    "qwen3": (make_qwen3, 33, torch.float32, None),
}


def randomize(model, generator):
    """Gives every parameter random values; tied ones are met once."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator) * STD
            parameter.copy_(1 + noise if "norm" in name else noise)


def all_logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0]


def continue_greedily(model, ids):
    """The greedy continuation, and the smallest gap between its two best logits."""
    ids, margin = list(ids), math.inf
    for _ in range(GREEDY_LENGTH):
        best = torch.topk(all_logits(model, ids)[-1], 2)
        margin = min(margin, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
    return ids[-GREEDY_LENGTH:], margin


def draw_prompt(model, generator):
    """Random ids whose greedy continuation is robust and worth testing."""
    config = model.config
    while True:
        ids = torch.randint(3, config.vocab_size, (PROMPT_LENGTH,), generator=generator).tolist()
        greedy, margin = continue_greedily(model, ids)
        if margin >= MARGIN and config.eos_token_id not in greedy and len(set(greedy)) >= 8:
            return ids, greedy, margin


def shortest(row):
    """float32 values as the shortest decimals that read back as the same float32."""
    return [float(str(x)) for x in row.numpy()]


def checksum(logits):
    t = np.arange(logits.shape[0])[:, None]
    v = np.arange(logits.shape[1])[None, :]
    return float((logits.numpy().astype(np.float64) * ((31 * t + 7 * v) % 13 - 6)).sum())


def make_golden(model, generator):
    ids, greedy, margin = draw_prompt(model, generator)
    logits = all_logits(model, ids)
    assert logits.dtype == torch.float32
    positions = [len(ids) - 1, 5]
    return {
        "ids": ids,
        "positions": positions,
        "logits": [shortest(logits[p]) for p in positions],
        "allLogitsChecksum": checksum(logits),
        "greedy": greedy,
        "greedyMargin": round(margin, 4),
        "versions": {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "safetensors": safetensors.__version__,
        },
    }


def write_golden(path, golden):
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description="Makes tiny random models and their goldens.")
    parser.add_argument("output", type=Path, help="folder the model folders are written into")
    output = parser.parse_args().output

    torch.set_num_threads(1)
    for name, (construct, seed, dtype, max_shard_size) in MODELS.items():
        folder = output / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        generator = torch.Generator().manual_seed(seed)

        model = construct()
        randomize(model, generator)
        limits = {"max_shard_size": max_shard_size} if max_shard_size else {}
        model.to(dtype).save_pretrained(folder, **limits)

        # The golden comes from what was saved, not from what was meant.
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        golden = make_golden(model, generator)
        write_golden(folder / "golden.json", golden)

        files = sorted(folder.iterdir())
        size = sum(f.stat().st_size for f in files)
        print(f"{name}: {size} bytes in {len(files)} files, greedy margin {golden['greedyMargin']}")


if __name__ == "__main__":
    main()
