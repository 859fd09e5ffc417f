"""Asks an endpoint as scripts in Python do: `openai`, asyncio, a semaphore; prints seconds and the peak of memory."""

import asyncio
import base64
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import httpx
from openai import AsyncOpenAI

url, concurrency, requests, n_bytes = sys.argv[1], *map(int, sys.argv[2:])
PROMPT = "x" * 1900


async def main(folder: Path) -> float:
    images = [folder / f"{number}.png" for number in range(64)]
    for image in images:
        image.write_bytes(os.urandom(n_bytes))
    limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    http = httpx.AsyncClient(limits=limits, timeout=60, trust_env=False)
    client = AsyncOpenAI(base_url=url, api_key="none", http_client=http, max_retries=0)
    in_flight = asyncio.Semaphore(concurrency)
    reports = {}

    async def ask(number: int) -> None:
        async with in_flight:
            data = base64.b64encode(images[number % 64].read_bytes()).decode()
            content = [
                {"type": "text", "text": PROMPT},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
            ]
            messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": content}]
            answer = await client.chat.completions.create(model="mock", messages=messages, temperature=0, max_tokens=1024, seed=number)
            reports[number] = answer.choices[0].message.content

    start = time.perf_counter()
    await asyncio.gather(*(ask(number) for number in range(requests)))
    seconds = time.perf_counter() - start
    assert len(reports) == requests
    return seconds


with tempfile.TemporaryDirectory() as folder:
    seconds = asyncio.run(main(Path(folder)))
print(json.dumps({"bytes": requests * n_bytes, "seconds": [seconds], "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
