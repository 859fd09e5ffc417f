"""Our pass against the original's on the same files, one after the other, and how far the pictures are apart.

usage: compare.py FULL_SIZE_EXAMPLE MODEL_FOLDER [--lora] [--dtype bfloat16]

FULL_SIZE_EXAMPLE is the built example `full_size`, MODEL_FOLDER what the example `formula_model full` writes; run it with the Python that has diffusers. Prints one JSON object.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

STAGES = ("text", "encode", "unet", "decode")


def passed(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def read_ahead(folder):
    """Neither side is the one that waits for the disk."""
    for path in Path(folder).rglob("*.safetensors"):
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass


def main():
    program, model, *more = sys.argv[1:]
    lora = [str(Path(model) / "lora.safetensors")] if "--lora" in more else []
    dtype = more[more.index("--dtype") + 1] if "--dtype" in more else "float32"
    with tempfile.TemporaryDirectory() as folder:
        source = str(Path(model) / "source.png")
        ours, theirs = (str(Path(folder) / name) for name in ("ours.png", "theirs.png"))
        script = str(Path(__file__).with_name("diffusers_pass.py"))
        read_ahead(model)
        result = {"diffusers": passed([sys.executable, script, model, source, theirs, *lora])}
        result["ours"] = passed([program, model, source, ours, dtype, *(lora or ["-"])])
        gap = np.abs(np.asarray(Image.open(ours), dtype=int) - np.asarray(Image.open(theirs), dtype=int))
    # Loading stands apart on both sides: ours loads the UNet within the pass.
    painting = {name: sum(result[name]["seconds"].get(stage, 0.0) for stage in STAGES) for name in ("ours", "diffusers")}
    with_loading = {
        name: result[name]["seconds"]["whole"] + result[name]["seconds"]["load"] for name in ("ours", "diffusers")
    }
    result["times_as_fast"] = round(painting["diffusers"] / painting["ours"], 2)
    result["times_as_fast_with_loading"] = round(with_loading["diffusers"] / with_loading["ours"], 2)
    result["share_of_memory"] = round(result["ours"]["peak_gib"] / result["diffusers"]["peak_gib"], 2)
    result["picture"] = {"max_levels": int(gap.max()), "share_of_values": round(float((gap > 0).mean()), 5)}
    print(json.dumps(result, indent=1))


main()
