"""Loads a GGUF file with transformers, saves it as safetensors, and writes the logits of given ids.

usage: record-logits.py FILE.gguf FOLDER '[1, 2, 3]'   writes FOLDER/model and FOLDER/logits.f32
"""

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

file, folder, ids = sys.argv[1:]
place = {"pretrained_model_name_or_path": os.path.dirname(file), "gguf_file": os.path.basename(file)}
model = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32, attn_implementation="eager")
# Weights read from GGUF are plain F32 by now, but marked as quantised, which would not be saved.
model.hf_quantizer = None
model.is_quantized = False
if hasattr(model.config, "quantization_config"):
    del model.config.quantization_config
model.save_pretrained(os.path.join(folder, "model"))
AutoTokenizer.from_pretrained(**place).save_pretrained(os.path.join(folder, "model"))
with torch.no_grad():
    logits = model(input_ids=torch.tensor([json.loads(ids)])).logits
with open(os.path.join(folder, "logits.f32"), "wb") as output:
    output.write(logits.float().numpy().tobytes())
