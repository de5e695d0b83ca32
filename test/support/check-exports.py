"""Loads what export-lm.test.ts wrote, with transformers, peft and (where it is installed) llama.cpp, and prints JSON.

Run with: python check-exports.py '{"base": FOLDER, "baseGguf": FILE, "ids": [...], "peft": FOLDER, ...}'
"""

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

try:
    from llama_cpp import Llama
except ImportError:
    Llama = None

torch.set_num_threads(1)
job = json.loads(sys.argv[1])
ids = job["ids"]


def tensor_logits(model):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float().flatten().tolist()


def transformers_logits(path, **more):
    return tensor_logits(AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, **more).eval())


def adapted():
    base = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32)
    return tensor_logits(PeftModel.from_pretrained(base, job["peft"]).eval())


def llama_logits(path, **more):
    model = Llama(path, n_ctx=256, n_threads=1, logits_all=True, verbose=False, **more)
    model.eval(ids)
    logits = model.scores[: len(ids)].flatten().tolist()
    tokens = model.tokenize(job["text"].encode(), add_bos=False, special=True)
    model.close()
    return {"logits": logits, "ids": tokens}


def tokens(path):
    tokenizer = AutoTokenizer.from_pretrained(path)
    turn = [{"role": "user", "content": "hello"}]
    return {
        "ids": tokenizer(job["text"], add_special_tokens=False).input_ids,
        "chat": tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True),
        "eos": tokenizer.eos_token_id,
    }


result = {
    "base": transformers_logits(job["base"]),
    "adapted": adapted(),
    "merged": transformers_logits(job["merged"]),
    "tokens": {"base": tokens(job["base"]), "merged": tokens(job["merged"]), "peft": tokens(job["peft"])},
}
if Llama is not None:
    result["llama"] = {
        "f16": llama_logits(job["f16"]),
        "q8": llama_logits(job["q8"]),
        "lora": llama_logits(job["baseGguf"], lora_path=job["lora"]),
    }
print(json.dumps(result))
