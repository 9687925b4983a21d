#!/usr/bin/env python3
"""Makes golden numbers for the graph's operators: inputs, outputs and gradients in float64.

    python make_graph_goldens.py graph-goldens.json

Needs torch and transformers (for its rotary positions). Every case holds `inputs` (what the
operator is given), `outputs`, and `gradients` of sum(first output * factors) by autograd. A tensor is
{"shape": [...], "data": [...]}, row-major; ids, targets and segments are whole numbers.

  rmsNorm         torch.nn.functional.rms_norm
  rope            transformers' apply_rotary_pos_emb (pairs element i with i + D/2)
  attention       scaled_dot_product_attention, causal within segments, grouped heads
  swiglu          silu(gate) * up
  crossEntropy    of x @ weight^T, reduced to a weighted mean over the tokens
  adamw           three steps of torch.optim.AdamW with a learning rate that changes

Seeded; the numbers depend on the machine in the last digits only.
"""
import json
import sys

import torch
import torch.nn.functional as F
import transformers
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def tensor(value):
    return {"shape": list(value.shape), "data": value.detach().reshape(-1).tolist()}


def case(inputs, outputs, differentiated):
    """`inputs` by name; gradients of sum(first output * factors) for the names given."""
    first = next(iter(outputs.values()))
    factors = torch.randn(first.shape)
    wanted = [inputs[name] for name in differentiated]
    gradients = torch.autograd.grad((first * factors).sum(), wanted)
    return {
        "inputs": {name: tensor(value) for name, value in inputs.items()},
        "factors": tensor(factors),
        "outputs": {name: tensor(value) for name, value in outputs.items()},
        "gradients": {name: tensor(g) for name, g in zip(differentiated, gradients)},
    }


def leaf(*shape, scale=1.0, shift=0.0):
    return (torch.randn(*shape) * scale + shift).requires_grad_()


def rms_norm():
    x, weight = leaf(2, 3, 8), leaf(8, scale=0.3, shift=1.0)
    y = F.rms_norm(x, (8,), weight, eps=1e-5)
    inverse = (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt()
    return {"epsilon": 1e-5, **case({"x": x, "weight": weight}, {"y": y, "inverseRms": inverse}, ["x", "weight"])}


def rope():
    x = leaf(2, 4, 3, 6)
    positions = torch.tensor([[0, 1, 2, 3], [5, 6, 0, 9]])
    frequencies = 10000.0 ** (-torch.arange(3) / 3)
    angles = torch.arange(10)[:, None] * frequencies[None, :]
    cosine, sine = angles.cos(), angles.sin()
    # transformers wants the table of each token, both halves, and heads before tokens.
    whole = [torch.cat([table[positions]] * 2, dim=-1) for table in (cosine, sine)]
    heads_first = x.transpose(1, 2)
    y, _ = apply_rotary_pos_emb(heads_first, heads_first, *whole)
    inputs = {"x": x, "positions": positions, "cosine": cosine, "sine": sine}
    return case(inputs, {"y": y.transpose(1, 2)}, ["x"])


def attention():
    q, k, v = leaf(2, 6, 4, 6), leaf(2, 6, 2, 6), leaf(2, 6, 2, 6)
    segments = torch.tensor([[0, 0, 0, 1, 1, 2], [4, 4, 7, 4, 7, 7]])
    causal = torch.ones(6, 6, dtype=torch.bool).tril()
    mask = (segments[:, :, None] == segments[:, None, :]) & causal
    mask = mask[:, None]
    q1, k1, v1 = (t.transpose(1, 2) for t in (q, k, v))
    out = F.scaled_dot_product_attention(q1, k1, v1, attn_mask=mask, scale=0.4, enable_gqa=True)
    scores = 0.4 * q1 @ k1.repeat_interleave(2, dim=1).transpose(-1, -2)
    log_sums = scores.masked_fill(~mask, float("-inf")).logsumexp(-1)
    inputs = {"q": q, "k": k, "v": v, "segments": segments}
    outputs = {"out": out.transpose(1, 2), "logSumExp": log_sums}
    return {"scale": 0.4, **case(inputs, outputs, ["q", "k", "v"])}


def swiglu():
    gate, up = leaf(3, 9, scale=3.0), leaf(3, 9)
    return case({"gate": gate, "up": up}, {"y": F.silu(gate) * up}, ["gate", "up"])


def cross_entropy():
    x, weight = leaf(7, 5), leaf(11, 5)
    targets = torch.randint(11, (7,))
    weights = torch.tensor([1.0, 0.0, 0.5, 2.0, 1.0, 0.0, 0.25])
    logits = x @ weight.T
    nll = F.cross_entropy(logits, targets, reduction="none")
    mean = ((nll * weights).sum() / weights.sum()).reshape(1)
    inputs = {"x": x, "weight": weight, "targets": targets, "weights": weights}
    outputs = {"mean": mean, "nll": nll, "logSumExp": logits.logsumexp(-1)}
    return case(inputs, outputs, ["x", "weight"])


def adamw():
    fixed = {"beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weightDecay": 0.1}
    parameter = leaf(3, 5)
    start = parameter.detach().clone()
    optimizer = torch.optim.AdamW(
        [parameter],
        lr=1.0,
        betas=(fixed["beta1"], fixed["beta2"]),
        eps=fixed["epsilon"],
        weight_decay=fixed["weightDecay"],
    )
    steps = []
    for rate in (0.02, 0.05, 0.01):
        optimizer.param_groups[0]["lr"] = rate
        parameter.grad = torch.randn(3, 5)
        gradient = parameter.grad.clone()
        optimizer.step()
        state = optimizer.state[parameter]
        steps.append(
            {
                "learningRate": rate,
                "gradient": tensor(gradient),
                "parameter": tensor(parameter),
                "moment1": tensor(state["exp_avg"]),
                "moment2": tensor(state["exp_avg_sq"]),
            }
        )
    return {**fixed, "start": tensor(start), "steps": steps}


def main():
    goldens = {
        "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__},
        "rmsNorm": rms_norm(),
        "rope": rope(),
        "attention": attention(),
        "swiglu": swiglu(),
        "crossEntropy": cross_entropy(),
        "adamw": adamw(),
    }
    with open(sys.argv[1], "w") as file:
        json.dump(goldens, file, separators=(",", ":"))
        file.write("\n")


main()
