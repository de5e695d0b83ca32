"""The micro student's peer: scikit-learn's linear models on the same rows.

usage: micro-peer.py ROWS.json   where ROWS.json holds
  {"train": [text], "test": [text], "fields": {path: {"train": [label], "test": [label]}}, "models": ["svc", "lr"]}
Prints {model: {"fields": {path: accuracy}, "exactMatch", "trainSeconds", "microsecondsPerAnswer"}}
as JSON.
TF-IDF over word 1-2-grams and char_wb 2-5-grams; LinearSVC with C=1, logistic regression with C=30.
"""

import json
import sys
import time

try:
    import numpy as np
    from sklearn.dummy import DummyClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union
    from sklearn.svm import LinearSVC
except ImportError as missing:
    sys.exit(f"{missing}. Install the peer: python3 -m pip install scikit-learn, or Debian's python3-sklearn.")

MAKERS = {
    "svc": lambda: LinearSVC(C=1),
    "lr": lambda: LogisticRegression(C=30, max_iter=1000),
}


def measure(make, job):
    started = time.perf_counter()
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    train = features.fit_transform(job["train"])
    models = {}
    for path, labels in job["fields"].items():
        one_value = len(set(labels["train"])) < 2
        models[path] = DummyClassifier() if one_value else make()
        models[path].fit(train, labels["train"])
    train_seconds = time.perf_counter() - started

    test = features.transform(job["test"])
    correct = {
        path: (models[path].predict(test) == np.asarray(labels["test"])).astype(int)
        for path, labels in job["fields"].items()
    }
    single = job["test"][:200]
    started = time.perf_counter()
    for text in single:
        row = features.transform([text])
        for model in models.values():
            model.predict(row)
    answer_seconds = (time.perf_counter() - started) / len(single)
    return {
        "fields": {path: float(right.mean()) for path, right in correct.items()},
        "exactMatch": float(np.min(list(correct.values()), axis=0).mean()),
        "trainSeconds": train_seconds,
        "microsecondsPerAnswer": answer_seconds * 1e6,
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    print(json.dumps({name: measure(MAKERS[name], job) for name in job.get("models", list(MAKERS))}))


main()
