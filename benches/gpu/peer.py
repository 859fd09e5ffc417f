"""Diffusers on the same card: seconds and pictures of one variant, as one JSON line.

usage: peer.py MODEL_FOLDER SOURCE.png OUT_STEM DEVICE DTYPE VARIANT NOISE PICTURES REPEATS SIZE

VARIANT: apart (eager, the LoRA beside the weights, as the original runs), merged (eager, the LoRA in the weights),
channels_last, graph (merged and channels-last, the UNet and the decoder captured as CUDA graphs), compile (merged,
channels-last, torch.compile with CUDA graphs). NOISE: device or cpu, where the generator of the noise lives.
"""
import json
import os
import sys
import time
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import diffusers
import torch
from diffusers import DDIMScheduler, StableDiffusionImg2ImgPipeline
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

diffusers.utils.logging.disable_progress_bar()
diffusers.utils.logging.set_verbosity_error()
PROMPTS = [
    f"Lumbar spine X-ray of a {age}-year-old {sex} patient" for age in (75, 25) for sex in ("female", "male")
]


def with_lora(unet, path, merge):
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
    return adapted.merge_and_unload() if merge else adapted.base_model.model


class Captured:
    """A callable whose work on the GPU is captured on the first call and replayed after it, for one shape."""

    def __init__(self, call):
        self.call, self.graph = call, None

    def __call__(self, *inputs):
        if self.graph is None:
            self.inputs = [torch.as_tensor(value, device="cuda").clone() for value in inputs]
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    self.call(*self.inputs)
            torch.cuda.current_stream().wait_stream(side)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.output = self.call(*self.inputs)
        for mine, value in zip(self.inputs, inputs):
            mine.copy_(torch.as_tensor(value))
        self.graph.replay()
        return self.output


def capture(pipe):
    unet, decode = pipe.unet.forward, pipe.vae.decode
    unet_graph = Captured(lambda latents, step, text: unet(latents, step, encoder_hidden_states=text, return_dict=False)[0])
    decode_graph = Captured(lambda latents: decode(latents, return_dict=False)[0])
    pipe.unet.forward = lambda latents, step, encoder_hidden_states=None, **_: (unet_graph(latents, step, encoder_hidden_states),)
    pipe.vae.decode = lambda latents, **_: (decode_graph(latents),)


def main():
    model, source, stem, device, dtype, variant, noise, pictures, repeats, size = sys.argv[1:]
    pictures, repeats, size = int(pictures), int(repeats), int(size)
    dtype = getattr(torch, dtype)
    start = time.monotonic()
    pipe = StableDiffusionImg2ImgPipeline.from_pretrained(
        model, torch_dtype=dtype, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    pipe.unet = with_lora(pipe.unet, os.path.join(model, "lora.safetensors"), variant != "apart").to(dtype)
    pipe = pipe.to(device)
    pipe.set_progress_bar_config(disable=True)
    if variant in ("channels_last", "graph", "compile"):
        pipe.unet.to(memory_format=torch.channels_last)
        pipe.vae.to(memory_format=torch.channels_last)
    if variant == "graph":
        capture(pipe)
    if variant == "compile":
        pipe.unet = torch.compile(pipe.unet, mode="reduce-overhead", dynamic=False)
        pipe.vae.decode = torch.compile(pipe.vae.decode, mode="reduce-overhead", dynamic=False)
    load = time.monotonic() - start
    image = Image.open(source).convert("RGB").resize((size, size), Image.BICUBIC)

    def timed():
        place = "cpu" if noise == "cpu" else device
        generators = [torch.Generator(place).manual_seed(42) for _ in range(pictures)]
        start = time.monotonic()
        with torch.inference_mode():
            painted = pipe(
                prompt=PROMPTS[:pictures],
                image=[image] * pictures,
                strength=0.15,
                guidance_scale=5.0,
                num_inference_steps=50,
                generator=generators,
            ).images
        return time.monotonic() - start, painted

    first, painted = timed()
    for number, picture in enumerate(painted):
        picture.save(f"{stem}_{number}.png")
    if repeats and variant in ("graph", "compile"):
        timed()
    record = {"load": load, "first": first, "seconds": [timed()[0] for _ in range(repeats)]}
    if device == "cuda":
        record["allocated_gib"] = torch.cuda.max_memory_allocated() / 2**30
    print(json.dumps(record))


main()
