"""Greedy answers of transformers in float32: greedy-answers.py MODEL.gguf TOKENS, prompts of ids as JSON on stdin."""

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM

path, tokens = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(2)
folder, name = os.path.split(path)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
settings = {"max_new_tokens": tokens, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
answers = []
for prompt in json.load(sys.stdin):
    ids = torch.tensor([prompt])
    with torch.inference_mode():
        whole = model.generate(ids, attention_mask=torch.ones_like(ids), **settings)
    answers.append(whole[0, len(prompt) :].tolist())
print(json.dumps(answers))
