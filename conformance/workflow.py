"""The official client for Python runs the whole workflow; POTSTILL_BASE_URL, MESSAGES and ROWS come from the test."""

import asyncio
import json
import os
import time

import openai
from openai import AsyncOpenAI, OpenAI

client = OpenAI(base_url=os.environ["POTSTILL_BASE_URL"], api_key="none", max_retries=0)
rows = json.loads(os.environ["ROWS"])
training = [row for index, row in enumerate(rows) if index % 3 != 0]
held_out = [row for index, row in enumerate(rows) if index % 3 == 0]


def until(read, ended):
    while True:
        value = read()
        if value.status in ended:
            return value
        time.sleep(0.1)


# Store and list.
for index, row in enumerate(rows[:25]):
    completion = client.chat.completions.create(
        model="gpt-test",
        messages=[{"role": "user", "content": row["text"]}],
        store=True,
        metadata={"use": "moods", "half": str(index % 2)},
    )
    assert completion.choices[0].message.content == row["mood"]
with client.chat.completions.create(
    model="gpt-test", messages=[{"role": "user", "content": "broken"}], stream=True, stream_options={"include_usage": True}
) as stream:
    chunks = list(stream)
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Mood: bad"
assert chunks[-1].usage.total_tokens == 25
stored = list(client.chat.completions.list(metadata={"use": "moods"}, limit=10))
assert len(stored) == 25
messages = list(client.chat.completions.messages.list(stored[2].id))
assert messages[0].content == rows[2]["text"]
assert client.chat.completions.update(stored[2].id, metadata={"use": "x"}).metadata == {"use": "x"}
assert client.chat.completions.delete(stored[2].id).deleted

# File, job, events, checkpoints.
line = lambda row: json.dumps(
    {
        "messages": [
            {"role": "system", "content": "What is the mood?"},
            {"role": "user", "content": row["text"]},
            {"role": "assistant", "content": row["mood"]},
        ]
    }
)
file = client.files.create(file=("moods.jsonl", "\n".join(map(line, training)).encode()), purpose="fine-tune")
assert client.files.content(file.id).read().decode().count("\n") == len(training) - 1
job = client.fine_tuning.jobs.create(
    model="micro",
    training_file=file.id,
    suffix="py",
    method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": "auto"}}},
)
job = until(lambda: client.fine_tuning.jobs.retrieve(job.id), {"succeeded", "failed", "cancelled"})
assert job.status == "succeeded", job.error
assert any(event.type == "metrics" for event in client.fine_tuning.jobs.list_events(job.id, limit=4))
assert len(list(client.fine_tuning.jobs.checkpoints.list(job.id))) > 0
assert client.files.content(job.result_files[0]).text.startswith("step,train_loss")
assert job.fine_tuned_model in [model.id for model in client.models.list()]

# Eval, run, output items.
same = {
    "type": "string_check",
    "name": "same mood",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.mood}}",
}
made = client.evals.create(
    name="moods",
    data_source_config={
        "type": "custom",
        "item_schema": {"type": "object", "properties": {"text": {"type": "string"}, "mood": {"type": "string"}}},
        "include_sample_schema": True,
    },
    testing_criteria=[same],
)
run = client.evals.runs.create(
    made.id,
    data_source={
        "type": "completions",
        "model": job.fine_tuned_model,
        "source": {"type": "file_content", "content": [{"item": row} for row in held_out]},
        "input_messages": {
            "type": "template",
            "template": [
                {"role": "system", "content": "What is the mood?"},
                {"role": "user", "content": "{{item.text}}"},
            ],
        },
        "sampling_params": {"max_completions_tokens": 20},
    },
)
run = until(lambda: client.evals.runs.retrieve(run.id, eval_id=made.id), {"completed", "failed", "canceled"})
assert run.status == "completed", run.error
assert run.result_counts.total == len(held_out) and run.result_counts.passed >= 0.8 * len(held_out), run.result_counts
items = list(client.evals.runs.output_items.list(run.id, eval_id=made.id, limit=7))
assert len(items) == len(held_out) and all(item.results[0].name == "same mood" for item in items)
failed = list(client.evals.runs.output_items.list(run.id, eval_id=made.id, status="fail"))
assert len(failed) == run.result_counts.failed
over = client.evals.create(
    data_source_config={"type": "stored_completions", "metadata": {"use": "moods"}},
    testing_criteria=[{**same, "reference": "nothing", "operation": "ne"}],
)
again = client.evals.runs.create(
    over.id,
    data_source={
        "type": "completions",
        "model": job.fine_tuned_model,
        "source": {"type": "stored_completions", "limit": 10},
        "input_messages": {"type": "item_reference", "item_reference": "item.input"},
    },
)
again = until(lambda: client.evals.runs.retrieve(again.id, eval_id=over.id), {"completed", "failed", "canceled"})
assert again.result_counts.passed == 10, again
assert client.evals.delete(over.id).deleted

# Graders and errors.
assert client.fine_tuning.alpha.graders.run(grader=same, model_sample="good", item={"mood": "good"}).reward == 1
try:
    client.evals.retrieve("eval_none")
    raise AssertionError("there is no such eval")
except openai.NotFoundError as error:
    assert error.request_id


async def many():
    asynchronous = AsyncOpenAI(base_url=os.environ["POTSTILL_BASE_URL"], api_key="none")
    ask = lambda row: asynchronous.chat.completions.create(
        model=job.fine_tuned_model, messages=[{"role": "user", "content": row["text"]}]
    )
    return await asyncio.gather(*map(ask, rows))


assert len(asyncio.run(many())) == len(rows)
print("done")
