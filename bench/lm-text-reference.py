"""What transformers makes of hostile texts: the reference that the lm student's tokenizer is held to.

    python bench/lm-text-reference.py fixture           writes test/support/tokenizer-texts.json
    python bench/lm-text-reference.py encode MODEL      reads {"texts": [...], "conversations": [...]} from standard
                                                        input, writes {"texts": [ids], "conversations": [ids]}

Needs transformers (5.24 made the fixture that is checked in). MODEL is a folder, or the path of a GGUF file.
"""
import json
import os
import sys

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

PROSE = [
    "The customer was charged twice for one order and wants the second payment back before Friday.",
    "It isn't working, they've tried again and we'll see what he'd say: that's what I'm afraid of.",
    '{"intent":"billing_charge","product":"billing","urgency":"high","needs_human":true,"reference":null}',
    '{"intent":"how_to","product":"sync","urgency":"low","needs_human":false,"reference":"AB-1234"}',
    "def total(items):\n    return sum(item.price for item in items)\n\nprint(total([]))\n",
    "function total(items) {\n\treturn items.reduce((sum, item) => sum + item.price, 0);\n}\n",
    "Années de café, Straße, naïve, über, señor, Ελληνικά, русский текст, עברית, العربية, 日本語, 中文, 한국어.",
    "system user assistant system user assistant\n\n1 22 333 4444 55555 666666 3.14 -7 1e9 2026-11-25",
]

TEXTS = [
    "", " ", "  ", "   a", "a   ", "a    b", "\n", "\n\n", "\r\n", "\r\n\r\n a", "a\n\n\n  b\t\tc \n", " \n \n", "\t", "\x0b\x0c",
    "Hello, world!", "it's we'll THEY'RE I'D can't 'tis ''s", "don’t", "'s's 're", "a'b 'LL",
    "1", "12", "1234567890", "3.14e-10", "1,000,000", "x1y22z333", "\u0663\u0664\u0665 \u00bd \u2167 \u00b2", "\u0967\u0968\u0969abc",
    "\u00e9 e\u0301 \u1e9b\u0323 \ufb01 \u212b", "Z\u0351\u036b\u0343\u036a\u0302a\u0309\u0300lgo", "\u0301 leading mark", "\u093f\u0915\u094d\u0937",
    "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", "\U0001f44d\U0001f3fd ok", "\u2764\ufe0f",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8", "\u4e2d\u6587\u6d4b\u8bd5\uff0c\u6ca1\u6709\u7a7a\u683c\u3002", "\ud55c\uad6d\uc5b4 \ubb38\uc7a5", "\U00020000\U0002a6d6",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd", "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", "\u202eabc\u202c \u200f\u200e",
    "a\u00a0b\u2003c\u3000d", "a\u2028b\u2029c", "a\u0085b", "!\ufeff! !\ufeff! !\ufeff!", "a\u0085 \u0085 \u0085 \u0085x .\u0085.\u0085.\u0085.", "\ufeffBOM \ufeff", "zero\u200bwidth\u2060joiner", "soft\u00adhyphen", "\u1680\u180e\u202f",
    "nul\x00in the \x01middle\x7f", "\x1b[31mred\x1b[0m", "\ufffd\ufffe", "\ue000private\uf8ff", "\U0010ffff",
    "<|im_end|", "|im_end|>", "< |im_end|>", "<|IM_END|>", "<think", "[INST] <s> </s> <unk>", "<0x0A>", "\u2581\u0120\u010a",
    "a" * 300, "supercalifragilisticexpialidocious" * 4, "!" * 70, "=-" * 40, " " * 70 + "x", "\n" * 20, "0" * 50,
    "if (x !== null) {\n\treturn `${a}\\n` // \"quoted\"\n}", "SELECT * FROM t WHERE a='b''c';--", "<p class=\"x\">&nbsp;</p>",
    "https://example.org/a?b=c&d=%20#e", "user.name+tag@example.org", "C:\\Users\\x\\n.txt", "/usr/lib/x.so.1",
    '{"a":1,"b":[true,null,"c\\n\\u0001\\"d\\""],"e":{"f":-1.5e3}}', '{"intent":"access_problem","x":""}', "$100 \u20ac5 \u00a33.50 50%",
    "MiXeD CaSe WORDS camelCaseWord snake_case_word kebab-case-word", "a.b.c...d\u2026e", "\u201cquotes\u201d \u2018single\u2019 \u00abx\u00bb", "x\u0303\u0303 \u0261",
]

CHATML = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TRIMMING = (
    "{{- bos_token }}\n{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message.role + '\n\n' + message.content | trim + '<|im_end|>' }}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\n\n' }}\n{%- endif %}\n"
)
THINKING = (
    "{%- for message in messages %}\n"
    "    {%- if message.role == 'assistant' and loop.last %}\n"
    "        {{- '<|im_start|>assistant\n<think>\n\n</think>\n\n' + message.content.lstrip('\n') + '<|im_end|>\n' }}\n"
    "    {%- else %}\n        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}\n    {%- endif %}\n"
    "{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\n' }}\n"
    "    {%- if enable_thinking is defined and enable_thinking is false %}\n        {{- '<think>\n\n</think>\n\n' }}\n"
    "    {%- endif %}\n{%- endif %}\n"
)

LLAMA = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
QWEN = LLAMA.replace("\\p{N}{1,3}", "\\p{N}")


def byte_level(use_regex):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex}


def split(regex):
    pieces = {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [pieces, byte_level(False)]}


# By the family whose files are written like this.
VARIANTS = {
    "gpt2": {"normalizer": None, "pre_tokenizer": byte_level(True), "ignore_merges": False, "template": CHATML},
    "smollm": {
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level(True)]},
        "ignore_merges": False,
        "template": CHATML,
    },
    "llama3": {"normalizer": None, "pre_tokenizer": split(LLAMA), "ignore_merges": True, "template": TRIMMING},
    "qwen": {"normalizer": {"type": "NFC"}, "pre_tokenizer": split(QWEN), "ignore_merges": False, "template": THINKING},
}

CONVERSATIONS = [
    [{"role": "user", "content": "Hello"}],
    [{"role": "system", "content": "Sort it."}, {"role": "user", "content": "\n\n  padded \n"}],
    [{"role": "system", "content": ""}, {"role": "user", "content": "caf\u00e9 \U0001f600"}],
    [
        {"role": "system", "content": "Sort it.\n- a\n- b\n"},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": '{"a":1}'},
        {"role": "user", "content": "'s two"},
    ],
]


def train():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    # Learned without any cuts, from the hostile texts too, so that a cut in another place gives other ids.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1200,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=8,
        show_progress=False,
    )
    tokenizer.train_from_iterator(PROSE * 3 + TEXTS * 2, trainer)
    definition = json.loads(tokenizer.to_str())
    more = {**definition["added_tokens"][0], "id": len(definition["model"]["vocab"]), "content": "<think>", "special": False}
    definition["added_tokens"].append(more)
    return definition


def variant(base, settings):
    return {
        **base,
        "normalizer": settings["normalizer"],
        "pre_tokenizer": settings["pre_tokenizer"],
        "model": {**base["model"], "ignore_merges": settings["ignore_merges"]},
    }


def reference(tokenizer, texts, conversations):
    prompts = [
        tokenizer.apply_chat_template(c, add_generation_prompt=True, tokenize=False, enable_thinking=False) for c in conversations
    ]
    # `apply_chat_template` with tokenize=True, without its differing return types.
    return {
        "texts": [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts],
        "prompts": prompts,
        "conversations": [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts],
    }


def write_fixture():
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    base = train()
    model = base["model"]
    # Lists as one text each, so that a formatter does not give every number a line.
    result = {
        "tokens": "\n".join(sorted(model["vocab"], key=model["vocab"].get)),
        "merges": "\n".join(" ".join(pair) for pair in model["merges"]),
        "added": base["added_tokens"],
        "texts": TEXTS,
        "conversations": CONVERSATIONS,
        "variants": {},
    }
    for name, settings in VARIANTS.items():
        fast = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_str(json.dumps(variant(base, settings))),
            bos_token="<|endoftext|>",
            eos_token="<|im_end|>",
            chat_template=settings["template"],
            clean_up_tokenization_spaces=False,
        )
        found = reference(fast, TEXTS, CONVERSATIONS)
        ids = {key: [" ".join(map(str, ids)) for ids in found[key]] for key in ("texts", "conversations")}
        result["variants"][name] = {**settings, **ids, "prompts": found["prompts"]}
    path = os.path.join(os.path.dirname(__file__), "..", "test", "support", "tokenizer-texts.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=True, indent=2)
        file.write("\n")


def load(model):
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    if not model.endswith(".gguf"):
        return AutoTokenizer.from_pretrained(model)
    folder, name = os.path.split(model)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    # SmolLM's own files cut digits apart first; transformers leaves this out when it reads GGUF.
    if "smol" in name.lower():
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    return tokenizer


def encode(model):
    tokenizer = load(model)
    asked = json.load(sys.stdin)
    json.dump(reference(tokenizer, asked["texts"], asked["conversations"]), sys.stdout)


if __name__ == "__main__":
    encode(sys.argv[2]) if sys.argv[1:2] == ["encode"] else write_fixture()
