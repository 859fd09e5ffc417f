"""One whole pass of the original's pipeline on the CPU: seconds per stage and the peak of resident memory, as one JSON line.

usage: diffusers_pass.py MODEL_FOLDER SOURCE.png OUT.png [LORA.safetensors]

The model folder and the LoRA are those that the example `formula_model full FOLDER` writes. The LoRA is in the released
format and is loaded as the original loads it: through peft, beside the weights.
"""
import json
import os
import resource
import sys
import time
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import torch
import diffusers
from diffusers import DDIMScheduler, StableDiffusionImg2ImgPipeline
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

diffusers.utils.logging.disable_progress_bar()
diffusers.utils.logging.set_verbosity_error()


def peak_gib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def with_lora(unet, path):
    from peft import LoraConfig, get_peft_model

    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    config = LoraConfig(
        r=int(metadata["lora_rank"]),
        lora_alpha=int(metadata["lora_alpha"]),
        target_modules=["to_q", "to_k", "to_v", "to_out.0"],
        lora_dropout=0.0,
        bias="none",
    )
    adapted = get_peft_model(unet, config)
    missing, unexpected = adapted.load_state_dict(load_file(path), strict=False)
    assert not unexpected and not [name for name in missing if "lora" in name]
    return adapted.base_model.model


def main():
    model, source, target, *lora = sys.argv[1:]
    stages = {}
    began = time.monotonic()
    pipe = StableDiffusionImg2ImgPipeline.from_pretrained(
        model, torch_dtype=torch.float32, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    if lora:
        pipe.unet = with_lora(pipe.unet, lora[0])
    pipe.set_progress_bar_config(disable=True)
    stages["load"] = time.monotonic() - began

    def clocked(name, function):
        def run(*arguments, **options):
            start = time.monotonic()
            result = function(*arguments, **options)
            stages[name] = stages.get(name, 0.0) + time.monotonic() - start
            return result

        return run

    pipe.text_encoder.forward = clocked("text", pipe.text_encoder.forward)
    pipe.vae.encode = clocked("encode", pipe.vae.encode)
    pipe.unet.forward = clocked("unet", pipe.unet.forward)
    pipe.vae.decode = clocked("decode", pipe.vae.decode)
    image = Image.open(source).convert("RGB")
    start = time.monotonic()
    result = pipe(
        prompt="Lumbar spine X-ray of a 75-year-old female patient",
        image=image,
        strength=0.15,
        guidance_scale=5.0,
        num_inference_steps=50,
        generator=torch.Generator("cpu").manual_seed(42),
    ).images[0]
    stages["whole"] = time.monotonic() - start
    result.save(target)
    stages = {name: round(seconds, 2) for name, seconds in stages.items()}
    versions = {"torch": torch.__version__, "diffusers": diffusers.__version__, "threads": torch.get_num_threads()}
    print(json.dumps({"seconds": stages, "peak_gib": round(peak_gib(), 2), **versions}))


main()
