//! Which requests there are, and in which order.
//!
//! There is one for each distinct image and repeat, a source's being shared by its pairs. Sources come in an order that a seed
//! gives (by the SHA-256 of seed and id, so that no generator is needed); an image of a pair is never far from the other, so that
//! an interrupted run has whole pairs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::digest::{Hasher, Sha256};
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_scoring::submission::ReportSide;

use crate::request::Media;

/// One image: a source radiograph by its source, a counterfactual by its pair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ImageId {
    /// Which of the two it is.
    pub side: ReportSide,
    /// The source's id, or the pair's.
    pub name: Box<str>,
}

impl ImageId {
    /// The radiograph of `source`.
    #[must_use]
    pub fn source(source: &SourceId) -> Self {
        Self { side: ReportSide::Source, name: source.as_str().into() }
    }

    /// The counterfactual of `pair`.
    #[must_use]
    pub fn counterfactual(pair: &PairId) -> Self {
        Self { side: ReportSide::Counterfactual, name: pair.as_str().into() }
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.side, self.name)
    }
}

/// One report that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReportId {
    /// The image.
    #[serde(flatten)]
    pub image: ImageId,
    /// Which time it is asked, from 0.
    pub repeat: u32,
}

impl fmt::Display for ReportId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} #{}", self.image, self.repeat)
    }
}

/// A file that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its kind.
    pub media: Media,
    /// Its length.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
    /// What it was made of, if it is not the user's own file.
    pub conversion: Option<Conversion>,
}

/// How a file that cannot be sent became one that can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// What was done, in words.
    pub rule: String,
    /// The digest of the user's file.
    pub original_sha256: String,
}

/// A pair and its two images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPair {
    /// The pair.
    pub pair_id: PairId,
    /// Its source.
    pub source_id: SourceId,
}

impl PlannedPair {
    /// The image of `side`.
    #[must_use]
    pub fn image(&self, side: ReportSide) -> ImageId {
        match side {
            ReportSide::Source => ImageId::source(&self.source_id),
            ReportSide::Counterfactual => ImageId::counterfactual(&self.pair_id),
        }
    }
}

/// All of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In order of their ids.
    pub pairs: Vec<PlannedPair>,
    /// By what they show.
    pub images: BTreeMap<ImageId, ImageFile>,
    /// In the order in which they are asked for.
    pub requests: Vec<ReportId>,
    /// How often each image is asked about.
    pub repeats: u32,
}

impl Plan {
    /// The plan over `pairs`, whose images are `images`, each asked about `repeats` times; `seed` gives the order.
    #[must_use]
    pub fn new(
        mut pairs: Vec<PlannedPair>,
        images: BTreeMap<ImageId, ImageFile>,
        repeats: u32,
        seed: u64,
    ) -> Self {
        pairs.sort_by(|left, right| left.pair_id.cmp(&right.pair_id));
        let mut by_source: BTreeMap<&SourceId, Vec<&PairId>> = BTreeMap::new();
        for pair in &pairs {
            by_source.entry(&pair.source_id).or_default().push(&pair.pair_id);
        }
        let mut sources: Vec<_> = by_source.into_iter().collect();
        sources.sort_by_cached_key(|(source, _)| place(seed, source));
        let mut requests = Vec::new();
        for (source, pairs) in sources {
            for repeat in 0..repeats {
                let counterfactuals = pairs.iter().map(|pair| ImageId::counterfactual(pair));
                let images = std::iter::once(ImageId::source(source)).chain(counterfactuals);
                requests.extend(images.map(|image| ReportId { image, repeat }));
            }
        }
        Self { pairs, images, requests, repeats }
    }

    /// A digest over the pairs, the images and the order: equal where the same is asked.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        let mut hasher = Hasher::default();
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        for pair in &self.pairs {
            add(pair.pair_id.as_str());
            add(pair.source_id.as_str());
        }
        for request in &self.requests {
            add(&request.to_string());
            add(&self.images.get(&request.image).map_or_else(String::new, |image| {
                format!("{} {}", image.sha256, image.media.as_str())
            }));
        }
        hasher.finish()
    }
}

fn place(seed: u64, source: &SourceId) -> Sha256 {
    Sha256::of(format!("{seed} {source}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64, repeats: u32) -> Plan {
        let pair = |source: &str, edit: &str| PlannedPair {
            pair_id: format!("{source}__{edit}").parse().unwrap(),
            source_id: source.parse().unwrap(),
        };
        let pairs = (0..20).flat_map(|n| {
            ["young_male", "elderly_male"].map(|edit| pair(&format!("vindr_{n}"), edit))
        });
        Plan::new(pairs.collect(), BTreeMap::new(), repeats, seed)
    }

    #[test]
    fn each_image_is_asked_about_once_a_repeat() {
        let plan = plan(42, 3);
        let mut requests = plan.requests.clone();
        requests.sort();
        requests.dedup();
        // Twenty sources, shared by forty pairs.
        assert_eq!((requests.len(), plan.requests.len()), (180, 180));
    }

    #[test]
    fn the_images_of_a_pair_stand_close_together() {
        let plan = plan(42, 2);
        let place = |image: &ImageId, repeat| {
            plan.requests
                .iter()
                .position(|request| request.image == *image && request.repeat == repeat)
                .unwrap()
        };
        for pair in &plan.pairs {
            let [source, counterfactual] = ReportSide::ALL.map(|side| pair.image(side));
            for repeat in [0, 1] {
                let gap = place(&counterfactual, repeat) - place(&source, repeat);
                assert!((1..=2).contains(&gap), "{gap}");
            }
        }
    }

    #[test]
    fn the_seed_gives_the_order_and_nothing_else() {
        let first = |plan: &Plan| plan.requests[0].image.name.to_string();
        assert_eq!(plan(42, 1), plan(42, 1));
        assert_ne!(plan(42, 1).requests, plan(43, 1).requests);
        assert_ne!(plan(42, 1).digest(), plan(43, 1).digest());
        // Written out: another order would make every run that is under way another run.
        assert_eq!([first(&plan(42, 1)), first(&plan(1, 1))], ["vindr_17", "vindr_8"]);
    }
}
