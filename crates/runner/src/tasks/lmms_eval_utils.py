"""What the task beside this file asks. Chat models of lmms-eval (`openai`, `vllm`, …) are told the frozen system prompt; its simple models know
no such prompt and get the question alone, which is not what the benchmark asks."""

from PIL import Image

SYSTEM = {system}
QUESTION = {primary}


def doc_to_messages(doc, lmms_eval_specific_kwargs=None):
    return [
        {"role": "system", "content": [{"type": "text", "text": SYSTEM}]},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}, {"type": "image", "url": doc_to_visual(doc)[0]}]},
    ]


def doc_to_visual(doc):
    with Image.open(doc["image"]) as image:
        return [image.convert("RGB")]


def doc_to_text(doc, lmms_eval_specific_kwargs=None):
    return QUESTION


def doc_to_target(doc):
    return ""


def process_results(doc, results):
    # A log of samples keeps no document; what stands here is how `spinefairbench import` knows whose report it is.
    return {"images": {"source_id": doc["source_id"], "pair_id": doc["pair_id"]}}


def count(images):
    """The endpoints rest on pairs and are computed from all reports together; this only says how many there are."""
    return len(images)
