#!/usr/bin/env python3
"""Writes a Llama model of a Hugging Face folder as an f32 GGUF file, for llama.cpp beside us.

    python write_gguf.py MODEL_FOLDER OUTPUT.gguf

Needs gguf, numpy and safetensors. The weights are the folder's, in float32; the vocabulary is made
up (one name per id), for the comparison feeds and reads ids only. Not covered: rope scaling, biases,
norms on Q and K, several weight files.
"""
import json
import sys
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def interleave(matrix, heads):
    """Rows of Q or K from Hugging Face's half-rotation order to pairs side by side."""
    rows, width = matrix.shape
    halves = matrix.reshape(heads, 2, rows // heads // 2, width)
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows, width)


def renamed(name, data, config):
    if name == "model.embed_tokens.weight":
        return "token_embd.weight", data
    if name == "model.norm.weight":
        return "output_norm.weight", data
    if name == "lm_head.weight":
        return "output.weight", data
    layer, rest = name.removeprefix("model.layers.").split(".", 1)
    part = rest.removesuffix(".weight")
    if part == "self_attn.q_proj":
        data = interleave(data, config["num_attention_heads"])
    if part == "self_attn.k_proj":
        data = interleave(data, config["num_key_value_heads"])
    return f"blk.{layer}.{NAMES[part]}.weight", data


def main():
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    config = json.loads((folder / "config.json").read_text())
    vocab = config["vocab_size"]

    writer = gguf.GGUFWriter(output, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_dimension_count(config["head_dim"])
    theta = config.get("rope_theta") or config["rope_parameters"]["rope_theta"]
    writer.add_rope_freq_base(theta)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(vocab)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)

    writer.add_tokenizer_model("llama")
    # llama.cpp looks for the 256 bytes in such a vocabulary.
    byte_names = [f"<0x{byte:02X}>" for byte in range(256)]
    writer.add_token_list(byte_names + [f"<{id}>" for id in range(256, vocab)])
    writer.add_token_scores([0.0] * vocab)
    kinds = gguf.TokenType
    writer.add_token_types([kinds.BYTE] * 256 + [kinds.NORMAL] * (vocab - 256))
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)

    for name, data in load_file(folder / "model.safetensors").items():
        writer.add_tensor(*renamed(name, data.astype(np.float32), config))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
