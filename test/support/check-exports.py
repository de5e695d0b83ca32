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


answer_length = 12


def answered(model):
    """The logits of the text, and the tokens of the greedy answer to it."""
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].float().flatten().tolist()
        tokens = list(ids)
        for _ in range(answer_length):
            tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
    return {"logits": logits, "answer": tokens[len(ids) :]}


def with_transformers(path):
    return answered(AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval())


def with_peft():
    base = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32)
    return answered(PeftModel.from_pretrained(base, job["peft"]).eval())


def with_llama(path, **more):
    model = Llama(path, n_ctx=256, n_threads=1, logits_all=True, verbose=False, **more)
    model.eval(ids)
    logits = model.scores[: len(ids)].flatten().tolist()
    answer = []
    for _ in range(answer_length):
        answer.append(int(model.scores[model.n_tokens - 1].argmax()))
        model.eval(answer[-1:])
    tokens = model.tokenize(job["text"].encode(), add_bos=False, special=True)
    model.close()
    return {"logits": logits, "answer": answer, "ids": tokens}


def tokens(path):
    tokenizer = AutoTokenizer.from_pretrained(path)
    turn = [{"role": "user", "content": "hello"}]
    return {
        "ids": tokenizer(job["text"], add_special_tokens=False).input_ids,
        "chat": tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True),
        "eos": tokenizer.eos_token_id,
    }


result = {
    "base": with_transformers(job["base"]),
    "adapted": with_peft(),
    "merged": with_transformers(job["merged"]),
    "tokens": {"base": tokens(job["base"]), "merged": tokens(job["merged"]), "peft": tokens(job["peft"])},
}
if Llama is not None:
    result["llama"] = {
        "f16": with_llama(job["f16"]),
        "q8": with_llama(job["q8"]),
        "lora": with_llama(job["baseGguf"], lora_path=job["lora"]),
    }
print(json.dumps(result))
