"""Records what PyTorch finds for tiny language models: losses, logits and the gradients of LoRA pairs.

    python bench/lm-gradient-reference.py > src/students/lm/network/gradient-reference.json
    npm run format

Needs torch, transformers and peft. Weights are not recorded: both sides make them by one formula (`wave`).
"""

import json
import zlib

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

RANK, ALPHA = 2, 3
SIZES = {
    "vocab_size": 48,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
}
ROPE = {"rope_type": "default", "rope_theta": 10000.0}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES, tie_word_embeddings=True, rope_parameters=LLAMA3)),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=False, rope_parameters=ROPE)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=8, tie_word_embeddings=True, rope_parameters=ROPE)),
}


def wave(name, shape):
    """Numbers by a tensor's name: 1 + 0.2 sin for norms, 0.4 sin for all others."""
    start = zlib.crc32(name.encode()) % 1000
    count = torch.tensor(shape).prod().item()
    values = torch.sin(start + 1.3 * torch.arange(count, dtype=torch.float64))
    values = 1 + 0.2 * values if "norm" in name else 0.4 * values
    return values.reshape(shape).float()


def plain_name(name):
    return name.replace("base_model.model.", "").replace(".base_layer", "").replace(".default", "")


def record(make, config):
    torch.manual_seed(0)
    config._attn_implementation = "eager"
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = get_peft_model(
        make(config).float(), LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=linears)
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(wave(plain_name(name), tuple(parameter.shape)))
    model.eval()
    ids = torch.tensor([[5, 17, 3, 40, 41, 8, 22, 9, 30, 31, 2]])
    trained_from = 6
    labels = ids.clone()
    labels[:, :trained_from] = -100
    output = model(input_ids=ids, labels=labels)
    count = ids.shape[1] - trained_from
    (output.loss * count).backward()
    gradients = {
        plain_name(name): summary(parameter.grad)
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return {
        "ids": ids[0].tolist(),
        "trainedFrom": trained_from,
        "loss": rounded(output.loss.item() * count),
        "lastLogits": [rounded(x) for x in output.logits[0, -1, :8].tolist()],
        "gradients": gradients,
    }


def summary(gradient):
    flat = gradient.flatten()
    return {"norm": rounded(flat.norm().item()), "first": [rounded(x) for x in flat[:3].tolist()]}


def rounded(number):
    return float(f"{number:.7g}")


families = {name: record(*model) for name, model in MODELS.items()}
print(json.dumps({"rank": RANK, "alpha": ALPHA, "families": families}))
