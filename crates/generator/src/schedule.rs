//! The DDIM noise schedule (eta 0) that the original builds from whatever scheduler the model folder names.
//!
//! Input: [`SchedulerConfig`] and a number of steps. Output: the training steps that are run, and for each of them the
//! share of signal before and after. Frozen rules: betas are the squares of evenly spaced roots, products run in single
//! precision as torch takes them; steps are "leading", spaced `train steps / steps` (whole) and shifted by the offset.

use crate::architecture::SchedulerConfig;

/// How much of the signal is left at every training step.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseSchedule {
    config: SchedulerConfig,
    alphas_cumprod: Vec<f32>,
}

/// One step of the loop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The training step that the UNet is told.
    pub timestep: u32,
    /// Share of signal (its square, `alpha bar`) at this step.
    pub alpha: f32,
    /// The same after the step.
    pub alpha_next: f32,
}

impl NoiseSchedule {
    /// The schedule that `config` describes.
    #[must_use]
    pub fn new(config: &SchedulerConfig) -> Self {
        // torch accumulates a product of singles in double precision and rounds every element.
        let alphas_cumprod = spaced_roots(config)
            .into_iter()
            .scan(1.0_f64, |product, root| {
                *product *= f64::from(1.0 - root * root);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "rounded to single precision, as torch does"
                )]
                let rounded = *product as f32;
                Some(rounded)
            })
            .collect();
        Self { config: config.clone(), alphas_cumprod }
    }

    /// Number of training steps.
    #[must_use]
    pub fn train_steps(&self) -> u32 {
        self.config.num_train_timesteps
    }

    /// Bound of the predicted clean latents, if the configuration asks for one.
    #[must_use]
    pub fn clip_range(&self) -> Option<f64> {
        self.config.clip_sample_range
    }

    /// The cumulative products, one per training step.
    #[must_use]
    pub fn alphas_cumprod(&self) -> &[f32] {
        &self.alphas_cumprod
    }

    /// The last `used` of `steps` steps, noisiest first; `steps` is at least 1 and at most the number of training steps.
    #[must_use]
    pub fn steps(&self, steps: u32, used: u32) -> Vec<Step> {
        let stride = self.train_steps() / steps.max(1);
        (0..used.min(steps))
            .rev()
            .map(|index| {
                let timestep = index * stride + self.config.steps_offset;
                Step {
                    timestep,
                    alpha: self.alpha_at(timestep),
                    alpha_next: match timestep.checked_sub(stride) {
                        Some(next) => self.alpha_at(next),
                        None if self.config.set_alpha_to_one => 1.0,
                        // The release's schedule keeps a little noise after the last step.
                        None => self.alpha_at(0),
                    },
                }
            })
            .collect()
    }

    /// Steps past the end (an offset above the stride) take the last value.
    fn alpha_at(&self, timestep: u32) -> f32 {
        let last = self.alphas_cumprod.len() - 1;
        self.alphas_cumprod[usize::try_from(timestep).map_or(last, |index| index.min(last))]
    }
}

/// `linspace(sqrt(beta_start), sqrt(beta_end), n)` in single precision: from the start up to the middle, from the end
/// down after it, product and sum rounded once, as torch fills it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "torch computes it in single precision"
)]
fn spaced_roots(config: &SchedulerConfig) -> Vec<f32> {
    let count = config.num_train_timesteps.max(1);
    let (start, end) = (config.beta_start.sqrt() as f32, config.beta_end.sqrt() as f32);
    if count == 1 {
        return vec![start];
    }
    let step = (end - start) / (count - 1) as f32;
    (0..count)
        .map(|index| {
            if index < count / 2 {
                step.mul_add(index as f32, start)
            } else {
                (-step).mul_add((count - index - 1) as f32, end)
            }
        })
        .collect()
}
