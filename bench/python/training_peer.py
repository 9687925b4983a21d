"""Plain PyTorch training loop for a Llama-family decoder: a peer for benchmarks.

RMSNorm (eps 1e-5), RoPE (half rotation, base 10000), causal grouped-query
attention, SwiGLU, no biases, tied or untied output matrix; AdamW with gradient
clipping at 1.0, as in nanoGPT, on batches of random tokens. Prints one line of
JSON. Training is float32 on the CPU.
"""
import argparse
import json
import math
import resource
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--layers", type=int, default=4)
    p.add_argument("--heads", type=int, default=4)
    p.add_argument("--kv-heads", type=int, default=None, help="default: as many as --heads")
    p.add_argument("--width", type=int, default=128)
    p.add_argument("--intermediate", type=int, default=352)
    p.add_argument("--context", type=int, default=64)
    p.add_argument("--batch", type=int, default=12)
    p.add_argument("--vocab", type=int, default=65)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--steps", type=int, default=200)
    p.add_argument("--warmup", type=int, default=30)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--untied", action="store_true", help="separate output matrix (default: tied)")
    p.add_argument("--compile", action="store_true", help="torch.compile the model")
    g = p.add_mutually_exclusive_group()
    g.add_argument("--sdpa", action="store_true", help="F.scaled_dot_product_attention (the default)")
    g.add_argument("--manual-attention", action="store_true", help="explicit softmax(QK^T)V")
    p.add_argument("--fused-adamw", action="store_true", help="AdamW(fused=True)")
    p.add_argument("--verbose", action="store_true", help="also print first and last loss, parameter count")
    o = p.parse_args()
    o.kv_heads = o.kv_heads or o.heads
    return o


class RMSNorm(nn.Module):
    def __init__(self, width, eps=1e-5):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rope_tables(context, head_dim, base=10000.0):
    inv = 1.0 / base ** (torch.arange(0, head_dim, 2).float() / head_dim)
    angles = torch.outer(torch.arange(context).float(), inv)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):  # x: batch, head, time, head_dim
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.heads, self.kv_heads = o.heads, o.kv_heads
        self.head_dim = o.width // o.heads
        self.manual = o.manual_attention
        self.q_proj = nn.Linear(o.width, o.heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(o.width, o.kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(o.width, o.kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(o.heads * self.head_dim, o.width, bias=False)
        if self.manual:
            mask = torch.ones(o.context, o.context, dtype=torch.bool).tril()
            self.register_buffer("mask", mask, persistent=False)

    def forward(self, x, cos, sin):
        B, T, _ = x.shape
        q = self.q_proj(x).view(B, T, self.heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(B, T, self.kv_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(B, T, self.kv_heads, self.head_dim).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if self.kv_heads != self.heads:
            k = k.repeat_interleave(self.heads // self.kv_heads, dim=1)
            v = v.repeat_interleave(self.heads // self.kv_heads, dim=1)
        if self.manual:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(self.head_dim))
            scores = scores.masked_fill(~self.mask[:T, :T], float("-inf"))
            y = F.softmax(scores, dim=-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(B, T, -1))


class MLP(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.gate_proj = nn.Linear(o.width, o.intermediate, bias=False)
        self.up_proj = nn.Linear(o.width, o.intermediate, bias=False)
        self.down_proj = nn.Linear(o.intermediate, o.width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.attention_norm, self.attention = RMSNorm(o.width), Attention(o)
        self.mlp_norm, self.mlp = RMSNorm(o.width), MLP(o)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.attention_norm(x), cos, sin)
        return x + self.mlp(self.mlp_norm(x))


class Decoder(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.embed = nn.Embedding(o.vocab, o.width)
        self.blocks = nn.ModuleList(Block(o) for _ in range(o.layers))
        self.norm = RMSNorm(o.width)
        self.head = nn.Linear(o.width, o.vocab, bias=False)
        if not o.untied:
            self.head.weight = self.embed.weight
        cos, sin = rope_tables(o.context, o.width // o.heads)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids, targets):
        T = ids.shape[1]
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.cos[:T], self.sin[:T])
        logits = self.head(self.norm(x))
        return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))


def main():
    o = options()
    torch.set_num_threads(o.threads)
    torch.manual_seed(o.seed)
    model = Decoder(o)
    decay = [p for p in model.parameters() if p.dim() >= 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    extra = {"fused": True} if o.fused_adamw else {}
    optimizer = torch.optim.AdamW(groups, lr=o.lr, betas=(0.9, 0.95), eps=1e-8, **extra)
    step_model = torch.compile(model) if o.compile else model

    data = torch.randint(0, o.vocab, (64, o.batch, o.context + 1))
    times, first, last = [], None, None
    for step in range(o.warmup + o.steps):
        batch = data[step % len(data)]
        start = time.perf_counter()
        _, loss = step_model(batch[:, :-1].contiguous(), batch[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        last = loss.item()
        end = time.perf_counter()
        first = last if first is None else first
        if step >= o.warmup:
            times.append(end - start)

    median = statistics.median(times)
    result = {
        "tokensPerSecond": round(o.batch * o.context / median, 1),
        "stepMsMedian": round(median * 1e3, 3),
        "stepMsMin": round(min(times) * 1e3, 3),
        "peakRssMb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "torch": torch.__version__,
        "compiled": o.compile,
        "threads": o.threads,
        "attention": "manual" if o.manual_attention else "sdpa",
        "fusedAdamW": o.fused_adamw,
    }
    if o.verbose:
        result["parameters"] = sum(p.numel() for p in model.parameters())
        result["lossFirst"], result["lossLast"] = first, last
    print(json.dumps(result))


if __name__ == "__main__":
    main()
