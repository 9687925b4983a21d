"""PyTorch on a GPU: the peers of bench/gpu.ts, at the same shapes. Prints one line of JSON.

  matmul   a chain of square products, each with the result of the one before
  step     a training step of the decoder in training_peer.py, compiled: forward, backward, clipping,
           fused AdamW, and the loss read back
  decode   greedy tokens, one at a time, with a static KV cache, compiled with CUDA graphs

float32 is without TF32. bfloat16 is autocast in training (float32 weights), and the weights
themselves in decoding. Where there is no CUDA, everything runs on the CPU, to show that it runs.
"""
import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

from training_peer import Decoder, rotate


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("kind", choices=["matmul", "step", "decode"])
    p.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    p.add_argument("--repeats", type=int, default=10)
    p.add_argument("--size", type=int, default=4096)
    p.add_argument("--chain", type=int, default=16)
    p.add_argument("--layers", type=int, default=12)
    p.add_argument("--heads", type=int, default=12)
    p.add_argument("--kv-heads", type=int, default=12)
    p.add_argument("--width", type=int, default=768)
    p.add_argument("--intermediate", type=int, default=2048)
    p.add_argument("--context", type=int, default=1024)
    p.add_argument("--vocab", type=int, default=50257)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--tokens", type=int, default=128)
    p.add_argument("--prompt", type=int, default=32)
    o = p.parse_args()
    o.untied = o.manual_attention = False
    o.device = "cuda" if torch.cuda.is_available() else "cpu"
    o.dtype = getattr(torch, o.dtype)
    return o


def wait(o):
    if o.device == "cuda":
        torch.cuda.synchronize()


def timed(o, run, warmup):
    """The median of `run`, in milliseconds, from nothing queued to all done."""
    # As long as ours: a GPU's clock takes its time to rise.
    warm = time.perf_counter() + 1
    while warmup > 0 or time.perf_counter() < warm:
        run()
        wait(o)
        warmup -= 1
    times = []
    for _ in range(o.repeats):
        wait(o)
        start = time.perf_counter()
        run()
        wait(o)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def matmul(o):
    a = torch.randn(o.size, o.size, device=o.device, dtype=o.dtype)
    b = torch.randn(o.size, o.size, device=o.device, dtype=o.dtype) * o.size**-0.5

    def run():
        y = a
        for _ in range(o.chain):
            y = y @ b
        return y

    return timed(o, run, 3)


def step(o):
    model = Decoder(o).to(o.device)
    decay = [p for p in model.parameters() if p.dim() >= 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, fused=True)
    compiled = torch.compile(model)
    data = torch.randint(0, o.vocab, (8, o.batch, o.context + 1), device=o.device)
    count = 0

    def run():
        nonlocal count
        batch = data[count % len(data)]
        count += 1
        with torch.autocast(o.device, o.dtype, enabled=o.dtype != torch.float32):
            _, loss = compiled(batch[:, :-1].contiguous(), batch[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    return timed(o, run, 5)


class Cached(torch.nn.Module):
    """The decoder's weights, for one token at a position, with keys and values of all before."""

    def __init__(self, decoder, o, capacity):
        super().__init__()
        self.decoder = decoder
        self.capacity = capacity
        for index in range(o.layers):
            for name in ("keys", "values"):
                cache = torch.zeros(1, o.kv_heads, capacity, o.width // o.heads)
                self.register_buffer(f"{name}{index}", cache)

    def forward(self, token, position):
        d = self.decoder
        x = d.embed(token)
        cos, sin = d.cos[position], d.sin[position]
        seen = (torch.arange(self.capacity, device=token.device) <= position)[None, None, None, :]
        for index, block in enumerate(d.blocks):
            at = block.attention
            h = block.attention_norm(x)
            q = at.q_proj(h).view(1, 1, at.heads, at.head_dim).transpose(1, 2)
            k = at.k_proj(h).view(1, 1, at.kv_heads, at.head_dim).transpose(1, 2)
            v = at.v_proj(h).view(1, 1, at.kv_heads, at.head_dim).transpose(1, 2)
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
            keys = getattr(self, f"keys{index}")
            values = getattr(self, f"values{index}")
            keys.index_copy_(2, position, k)
            values.index_copy_(2, position, v)
            y = F.scaled_dot_product_attention(
                q, keys, values, attn_mask=seen, enable_gqa=at.heads != at.kv_heads
            )
            x = x + at.o_proj(y.transpose(1, 2).reshape(1, 1, -1))
            x = x + block.mlp(block.mlp_norm(x))
        return d.head(d.norm(x)).argmax(dim=-1)


@torch.no_grad()
def decode(o):
    total = o.prompt + o.tokens + 1
    model = Cached(Decoder(o), o, total).to(o.device, o.dtype).eval()
    mode = "reduce-overhead" if o.device == "cuda" else "default"
    compiled = torch.compile(model, mode=mode, fullgraph=True)
    positions = torch.arange(total, device=o.device)
    prompt = torch.randint(0, o.vocab, (o.prompt,), device=o.device)
    token = prompt[:1].view(1, 1)

    def write(start, count):
        nonlocal token
        for index in range(start, start + count):
            # A copy: a CUDA graph's result is overwritten by its next run.
            token = compiled(token, positions[index : index + 1]).clone()
            # Read on the host, as whoever streams text does.
            token.item()

    write(0, o.prompt)
    return timed(o, lambda: write(o.prompt, o.tokens), 2)


def main():
    o = options()
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("highest")
    milliseconds = {"matmul": matmul, "step": step, "decode": decode}[o.kind](o)
    name = torch.cuda.get_device_name() if o.device == "cuda" else "CPU"
    print(json.dumps({"milliseconds": milliseconds, "device": f"{name}, PyTorch {torch.__version__}"}))


if __name__ == "__main__":
    main()
