"""Greedy answers by transformers and llama.cpp, asked line by line on stdin by lm-generation.ts.

python lm-generation-peer.py MODEL GGUF THREADS: MODEL is a folder or a .gguf file for transformers, GGUF a Q8_0 file of
the same weights for llama.cpp. A line is {"engine", "prompts", "tokens"}; so many tokens are generated for each
prompt, whatever they are. Answers {"seconds", "answers"}, or {"missing"} where the engine cannot be imported.
"""

import json
import os
import sys
import time

import torch
from transformers import AutoModelForCausalLM

model_path, gguf_path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
torch.set_num_threads(threads)
opened = {}


def open_transformers():
    options = {"dtype": torch.float32, "attn_implementation": "eager"}
    if model_path.endswith(".gguf"):
        folder, name = os.path.split(model_path)
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, **options)
    else:
        model = AutoModelForCausalLM.from_pretrained(model_path, **options)
    model.eval()

    def generate(prompts, tokens):
        longest = max(len(prompt) for prompt in prompts)
        ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        settings = {"max_new_tokens": tokens, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
        with torch.inference_mode():
            whole = model.generate(ids, attention_mask=mask, **settings)
        return whole[:, longest:].tolist()

    return generate


def open_llama():
    try:
        from llama_cpp import Llama
    except ImportError:
        return None
    llama = Llama(gguf_path, n_ctx=2048, n_threads=threads, n_threads_batch=threads, verbose=False)

    def generate(prompts, tokens):
        answers = []
        for prompt in prompts:
            llama.reset()
            llama.eval(prompt)
            answer = []
            while len(answer) < tokens:
                answer.append(llama.sample(temp=0.0))
                llama.eval(answer[-1:])
            answers.append(answer)
        return answers

    return generate


engines = {"transformers": open_transformers, "llama.cpp": open_llama}

for line in sys.stdin:
    asked = json.loads(line)
    name = asked["engine"]
    if name not in opened:
        opened[name] = engines[name]()
    if opened[name] is None:
        print(json.dumps({"missing": name}), flush=True)
        continue
    start = time.perf_counter()
    answers = opened[name](asked["prompts"], asked["tokens"])
    print(json.dumps({"seconds": time.perf_counter() - start, "answers": answers}), flush=True)
