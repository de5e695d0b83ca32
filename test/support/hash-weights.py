"""Prints the SHA-256 of every weight of a GGUF file as transformers reads it, F32, by name, as JSON."""

import hashlib
import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM

folder, file = os.path.split(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
hashes = {
    name: [list(value.shape), hashlib.sha256(value.contiguous().numpy().tobytes()).hexdigest()]
    for name, value in model.state_dict().items()
}
print(json.dumps(hashes))
