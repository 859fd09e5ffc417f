"""Makes a vision-language model of random weights, small enough to answer on any machine, in the folder that is named.

It is a whole LLaVA: a vision transformer that reads the decoded pixels, a projector, a language model and a tokenizer of single bytes. What it
says is noise; what it takes to say it is what a served model does.
"""

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

folder = sys.argv[1]
torch.manual_seed(0)
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
special = ["<pad>", "<s>", "</s>", "<image>"]
tokenizer = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(special + alphabet)}, merges=[]))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", extra_special_tokens={"image_token": "<image>"})
template = (
    "{% for message in messages %}{{ message['role'] }}: {% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}<image>{% endif %}{% endfor %}{% endif %}\n"
    "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)
side, patch = 28, 14
image = CLIPImageProcessor(size={"height": side, "width": side}, crop_size={"height": side, "width": side})
processor = LlavaProcessor(
    image_processor=image,
    tokenizer=fast,
    patch_size=patch,
    vision_feature_select_strategy="default",
    chat_template=template,
    num_additional_image_tokens=1,
)
config = LlavaConfig(
    vision_config=CLIPVisionConfig(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=side, patch_size=patch, projection_dim=16),
    text_config=LlamaConfig(vocab_size=len(fast), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=8192, pad_token_id=0, bos_token_id=1, eos_token_id=2),
    image_token_id=fast.convert_tokens_to_ids("<image>"),
    vision_feature_layer=-1,
)
model = LlavaForConditionalGeneration(config)
model.save_pretrained(folder)
processor.save_pretrained(folder)
