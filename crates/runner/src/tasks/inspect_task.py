"""SpineFairBench, scope {scope}, as a task of Inspect AI: one sample an image. Written by spinefairbench {version}.

    inspect eval task.py --model openai/my-vlm --temperature 0 --max-tokens 1024 --log-dir logs
    spinefairbench import logs/*.eval --artifacts artifacts --scope {scope} --output submission.json
"""

from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.solver import generate


@task
def {name}() -> Task:
    return Task(dataset=json_dataset(str(Path(__file__).parent / "dataset.jsonl")), solver=generate())
