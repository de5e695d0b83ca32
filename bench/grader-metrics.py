"""Reference values for the similarity metrics of the text_similarity grader, as JSON on stdout.

pip install nltk rouge-score sacrebleu rapidfuzz
python bench/grader-metrics.py > src/steps/evaluate/graders/metrics/reference-values.json
"""
import itertools
import json
from importlib.metadata import version

import sacrebleu
from nltk.stem.porter import PorterStemmer
from nltk.translate.gleu_score import sentence_gleu
from nltk.translate.meteor_score import single_meteor_score
from rapidfuzz import fuzz
from rouge_score import rouge_scorer
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

tokenise = Tokenizer13a()


class NoSynonyms:
    """A WordNet without a word in it: METEOR by equal words and equal stems alone."""

    def synsets(self, _word):
        return []


scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rouge3", "rouge4", "rouge5", "rougeL"])

texts = [
    "The cat sat on the mat.",
    "the cat is sitting on the mat",
    "On the mat sat the cat.",
    "There is a dog in the garden, and it is barking loudly at the neighbours' cats.",
    "A dog barks loudly in the garden at its neighbour's cat!",
    "Invoice INV-2041 of 3 May 2024: $1,250.75 (incl. 19% VAT) - due in 14-21 days.",
    "invoice inv-2041, May 3rd 2024: total 1250.75 USD, VAT included; due within 21 days",
    "Yes",
    "yes.",
    "",
    "refund refund refund refund",
    "Please refund the refund, as refunding was refunded & \"refunds\" are refundable.",
    "Organizations generalize relational operators; geologists happily enjoyed the dying skies.",
    "The organization's generalization of relations operated happily, said a geologist enjoying the sky.",
    "tied ties lying flies spied agreed feed hopping hoping falling controlling rolled",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "z y x w v u t s r q p o n m l k j i h g f e d c b a z y x w v u t s r q p o n m l k j i h g f e d c b a",
]

words = """caresses ponies ties caress cats feed agreed plastered bled motoring sing conflated troubled sized hopping
tanned falling hissing fizzed failing filing happy sky relational conditional rational valency hesitancy digitizer
conformably radically differently vilely analogously vietnamization predication operator feudalism decisiveness
hopefulness callousness formality sensitivity sensibility triplicate formative formalize electricity electrical
hopeful goodness revival allowance inference airliner gyroscopic adjustable defensible irritant replacement
adjustment dependent adoption homologous communism activate angularity effective bowdlerize probate rate cease
controll roll dying lying news innings proceed enjoy enjoyment spy spied tried flies died dies owed archaeology
geology theologically yyyy ion ing ed syzygy by as of able al skiing used using""".split()


def metrics(text, reference):
    got, wanted = tokenise(text).split(), tokenise(reference).split()
    rouge = scorer.score(reference, text)
    lower = tokenise(text.lower()).split(), tokenise(reference.lower()).split()
    return {
        "fuzzy_match": fuzz.ratio(text, reference) / 100,
        "bleu": sacrebleu.sentence_bleu(text, [reference]).score / 100,
        "gleu": sentence_gleu([wanted], got) if got or wanted else 0,
        "meteor": single_meteor_score(lower[1], lower[0], wordnet=NoSynonyms()) if lower[0] and lower[1] else 0,
        **{f"rouge_{n}": rouge[f"rouge{n}"].fmeasure for n in range(1, 6)},
        "rouge_l": rouge["rougeL"].fmeasure,
    }


print(
    json.dumps(
        {
            "by": {name: version(name) for name in ["nltk", "rouge-score", "sacrebleu", "rapidfuzz"]},
            "texts": texts,
            "pairs": [
                {"text": i, "reference": j, **{k: round(v, 9) for k, v in metrics(texts[i], texts[j]).items()}}
                for i, j in itertools.product(range(len(texts)), repeat=2)
                if abs(i - j) < 4 or i % 5 == 0
            ],
            "stems": {word: PorterStemmer().stem(word) for word in words},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
)
