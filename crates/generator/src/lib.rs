//! Counterfactual radiographs: Stable Diffusion 1.5 img2img with a LoRA, and its quality control.
