"""The peer of lm-training.ts: PyTorch with transformers' Llama and peft's LoRA, F32, random weights.

Reads JSON settings from the first line of standard input, then takes one training step (forward, backward, clip,
AdamW) for each further line and prints what it took: {"ms", "peakBytes"}.
"""

import json
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")

try:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM
except ImportError as missing:
    sys.exit(f"{missing}. Install the peer: python3 -m pip install torch transformers peft.")

settings = json.loads(sys.stdin.readline())
shape = settings["architecture"]
torch.set_num_threads(settings["threads"])
torch.manual_seed(1)
config = LlamaConfig(
    vocab_size=shape["vocabularySize"],
    hidden_size=shape["hiddenSize"],
    intermediate_size=shape["feedForwardSize"],
    num_hidden_layers=shape["layers"],
    num_attention_heads=shape["heads"],
    num_key_value_heads=shape["keyValueHeads"],
    tie_word_embeddings=shape["tiedEmbeddings"],
    max_position_embeddings=shape["contextLength"],
)
linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
rank = settings["rank"]
model = get_peft_model(
    LlamaForCausalLM(config).float(), LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=linears)
)
model.train()
learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(learned, lr=1e-3)
ids = torch.randint(0, shape["vocabularySize"], (settings["rows"], settings["length"]))
trained_from = settings["length"] - settings["trained"]
labels = ids.clone()
labels[:, :trained_from] = -100

for _ in sys.stdin:
    started = time.perf_counter()
    model(input_ids=ids, labels=labels).loss.backward()
    torch.nn.utils.clip_grad_norm_(learned, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    ms = 1000 * (time.perf_counter() - started)
    # Linux counts in KiB.
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"ms": ms, "peakBytes": peak}), flush=True)
