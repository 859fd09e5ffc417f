//! The widest gap between subgroups of the pairs, with an interval that allows for having picked it.
//!
//! Input: pairs with both endpoints, or with two models' differences of both, the ways to divide them, and a plan. Output: for each
//! endpoint and division the two parts whose means are furthest apart. The intervals of all gaps between two parts of one division, of
//! all divisions and both endpoints, hold together with 95 % (rules S-09 and B-21): whichever gap is picked for its size, its interval was
//! made for that. Unadjusted intervals of the parts do not say this, since of many parts two are far apart by chance.
//!
//! A part of fewer than [`FEW_SOURCES`] sources is left out and named.

use std::collections::BTreeMap;

use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_bootstrap::{
    BootstrapError, Clusters, Interval, Part, Plan, SimultaneousGaps, is_tied, simultaneous_gaps,
};

use crate::compare::{Comparison, FEW_SOURCES, signed};
use crate::index::edit_label;
use crate::pair_score::{PairScore, PrimaryEndpoint};
use crate::score_file::ScoreFile;

/// A way to divide pairs into subgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Division {
    /// By the edit: age group and sex that the counterfactual shows.
    Edit,
    /// By the age group that it shows.
    Age,
    /// By the sex that it shows.
    Sex,
    /// By the dataset of the source radiograph.
    Dataset,
    /// By edit and dataset together: on request, since its parts are many and small.
    EditAndDataset,
}

/// The part of a pair whose id names no edit.
const UNKNOWN: &str = "unknown";

impl Division {
    /// Those that a score file holds.
    pub const SINGLE: [Self; 4] = [Self::Edit, Self::Age, Self::Sex, Self::Dataset];
    /// All, with the crossing.
    pub const WITH_CROSSING: [Self; 5] =
        [Self::Edit, Self::Age, Self::Sex, Self::Dataset, Self::EditAndDataset];

    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit_label",
            Self::Age => "edited_age",
            Self::Sex => "edited_sex",
            Self::Dataset => "source_dataset",
            Self::EditAndDataset => "edit_label_and_source_dataset",
        }
    }

    /// The part that a pair belongs to.
    #[must_use]
    pub fn part_of(self, pair_id: &PairId, source_id: &SourceId) -> String {
        let edit = || edit_label(pair_id).map_or(UNKNOWN, |label| label.as_str());
        // The age group or the sex.
        let word = |place| edit().split('_').nth(place).unwrap_or(UNKNOWN).to_owned();
        let source = source_id.as_str();
        let dataset = || source.split_once('_').map_or(source, |(dataset, _)| dataset);
        match self {
            Self::Edit => edit().to_owned(),
            Self::Age => word(0),
            Self::Sex => word(1),
            Self::Dataset => dataset().to_owned(),
            Self::EditAndDataset => format!("{} of {}", edit(), dataset()),
        }
    }
}

/// The widest gaps between the subgroups of some pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Subgroups {
    /// Sources of the pairs.
    pub n_sources: usize,
    /// How many gaps were looked at, of both endpoints: the family whose intervals hold together.
    pub n_gaps: usize,
    /// How many standard errors each interval reaches; none if no gap has a spread.
    pub critical_value: Option<f64>,
    /// The widest gap of each endpoint and division that has two parts, in the order of the endpoints and of the call.
    pub widest: Vec<SubgroupGap>,
    /// Parts of too few sources.
    pub left_out: Vec<LeftOut>,
}

/// A part that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The way of dividing.
    pub division: Division,
    /// The part's name.
    pub part: String,
    /// Its sources.
    pub n_sources: usize,
}

/// The two parts of a division whose means are furthest apart.
#[derive(Debug, Clone, PartialEq)]
pub struct SubgroupGap {
    /// The endpoint.
    pub endpoint: PrimaryEndpoint,
    /// The way of dividing.
    pub division: Division,
    /// The part with the higher mean.
    pub higher: PartMean,
    /// The part with the lower mean.
    pub lower: PartMean,
    /// The higher mean minus the lower.
    pub difference: f64,
    /// Its interval, which holds together with those of all gaps that were looked at; none without spread.
    pub interval: Option<Interval>,
    /// Its p-value, adjusted for all of them; none without spread.
    pub p_value: Option<f64>,
    /// How many gaps this division has.
    pub n_gaps: usize,
}

/// A part and its mean.
#[derive(Debug, Clone, PartialEq)]
pub struct PartMean {
    /// The part's name.
    pub name: String,
    /// The mean of the endpoint.
    pub mean: f64,
    /// Pairs of the part.
    pub n_pairs: usize,
    /// Sources of the part.
    pub n_sources: usize,
}

/// A pair with the values of both endpoints.
struct GroupedPair<'a> {
    pair_id: &'a PairId,
    source_id: &'a SourceId,
    values: [f64; 2],
}

/// The widest gaps of one model: of the usable pairs of its score file, by `divisions` (rule S-09).
///
/// # Errors
///
/// [`BootstrapError::NoValues`] without a usable pair, and others as for an interval.
pub fn of_score(
    file: &ScoreFile,
    divisions: &[Division],
    plan: &Plan,
) -> Result<Subgroups, BootstrapError> {
    let mut rows: Vec<_> = file.per_pair_results.iter().filter(|pair| pair.usable).collect();
    rows.sort_by(|one, other| one.pair_id.cmp(&other.pair_id));
    let pairs: Vec<GroupedPair<'_>> = rows
        .into_iter()
        .filter_map(|pair| {
            let values = [pair.recommendation_changed?, pair.diagnostic_label_consistency?];
            Some(GroupedPair { pair_id: &pair.pair_id, source_id: &pair.source_id, values })
        })
        .collect();
    find(&pairs, divisions, plan)
}

/// The widest gaps of two models' difference, first minus second: where one of them falls behind the other more than elsewhere
/// (rule S-09).
///
/// # Errors
///
/// Those of [`of_score`].
pub fn of_comparison(
    comparison: &Comparison,
    divisions: &[Division],
    plan: &Plan,
) -> Result<Subgroups, BootstrapError> {
    let difference = |first: PairScore, second: PairScore| {
        PrimaryEndpoint::ALL.map(|endpoint| first.of(endpoint) - second.of(endpoint))
    };
    let pairs: Vec<GroupedPair<'_>> = comparison
        .pairs
        .iter()
        .map(|pair| GroupedPair {
            pair_id: &pair.pair_id,
            source_id: &pair.source_id,
            values: difference(pair.first, pair.second),
        })
        .collect();
    find(&pairs, divisions, plan)
}

/// A part of a division: which pairs it has.
struct Subgroup {
    division: Division,
    name: String,
    places: Vec<usize>,
    clusters: Vec<usize>,
    n_sources: usize,
}

fn find(
    pairs: &[GroupedPair<'_>],
    divisions: &[Division],
    plan: &Plan,
) -> Result<Subgroups, BootstrapError> {
    if pairs.is_empty() {
        return Err(BootstrapError::NoValues);
    }
    let clusters = Clusters::new(pairs.iter().map(|pair| pair.source_id.as_str()));
    let (kept, few): (Vec<Subgroup>, Vec<Subgroup>) = divisions
        .iter()
        .flat_map(|division| divided(pairs, *division, &clusters))
        .partition(|part| part.n_sources >= FEW_SOURCES);
    let left_out = few
        .into_iter()
        .map(|Subgroup { division, name, n_sources, .. }| LeftOut {
            division,
            part: name,
            n_sources,
        })
        .collect();
    // Every two parts of a division, then the same for the other endpoint, whose parts follow those of the first.
    let in_division: Vec<(usize, usize)> = (0..kept.len())
        .flat_map(|one| (one + 1..kept.len()).map(move |other| (one, other)))
        .filter(|(one, other)| kept[*one].division == kept[*other].division)
        .collect();
    let values: Vec<Vec<f64>> = [0, 1]
        .into_iter()
        .flat_map(|endpoint| {
            let value = move |place: &usize| pairs[*place].values[endpoint];
            kept.iter().map(move |part| part.places.iter().map(value).collect())
        })
        .collect();
    let parts: Vec<Part<'_>> = values
        .iter()
        .zip(kept.iter().cycle())
        .map(|(values, part)| Part { values, clusters: &part.clusters })
        .collect();
    let gaps: Vec<(usize, usize)> = [0, kept.len()]
        .into_iter()
        .flat_map(|shift| in_division.iter().map(move |(one, other)| (one + shift, other + shift)))
        .collect();
    let found = simultaneous_gaps(&parts, clusters.n_clusters(), &gaps, plan)?;
    let judged = Judged { kept: &kept, gaps: &gaps, found: &found };
    let widest = PrimaryEndpoint::ALL.into_iter().enumerate().flat_map(|(place, endpoint)| {
        let judged = &judged;
        divisions.iter().filter_map(move |division| judged.widest(place, endpoint, *division))
    });
    Ok(Subgroups {
        n_sources: clusters.n_clusters(),
        n_gaps: gaps.len(),
        critical_value: found.critical_value,
        widest: widest.collect(),
        left_out,
    })
}

fn divided(pairs: &[GroupedPair<'_>], division: Division, clusters: &Clusters) -> Vec<Subgroup> {
    let mut parts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, pair) in pairs.iter().enumerate() {
        parts.entry(division.part_of(pair.pair_id, pair.source_id)).or_default().push(place);
    }
    let subgroup = |(name, places): (String, Vec<usize>)| {
        let of_pairs: Vec<usize> =
            places.iter().map(|place| clusters.of_values()[*place]).collect();
        let mut distinct = of_pairs.clone();
        distinct.sort_unstable();
        distinct.dedup();
        Subgroup { division, name, places, n_sources: distinct.len(), clusters: of_pairs }
    };
    parts.into_iter().map(subgroup).collect()
}

struct Judged<'a> {
    kept: &'a [Subgroup],
    gaps: &'a [(usize, usize)],
    found: &'a SimultaneousGaps,
}

impl Judged<'_> {
    /// The widest gap of a division for the endpoint at `place`; of equal ones the first in the order of the parts' names.
    fn widest(
        &self,
        place: usize,
        endpoint: PrimaryEndpoint,
        division: Division,
    ) -> Option<SubgroupGap> {
        let n_parts = self.kept.len();
        let of_division: Vec<usize> = (0..self.gaps.len())
            .filter(|gap| {
                let first = self.gaps[*gap].0;
                first / n_parts == place && self.kept[first % n_parts].division == division
            })
            .collect();
        let size = |gap: usize| self.found.gaps[gap].difference.abs();
        let widest = of_division.iter().copied().reduce(|widest, gap| {
            let is_wider = size(gap) > size(widest) && !is_tied(size(gap), size(widest), 1.0);
            if is_wider { gap } else { widest }
        })?;
        let (first, second) = self.gaps[widest];
        let gap = self.found.gaps[widest];
        let is_turned = gap.difference < 0.0;
        let (higher, lower) = if is_turned { (second, first) } else { (first, second) };
        let interval = gap.interval.map(|Interval { lower, upper }| {
            if is_turned {
                Interval { lower: -upper, upper: -lower }
            } else {
                Interval { lower, upper }
            }
        });
        Some(SubgroupGap {
            endpoint,
            division,
            higher: self.part(higher),
            lower: self.part(lower),
            difference: gap.difference.abs(),
            interval,
            p_value: gap.p_value,
            n_gaps: of_division.len(),
        })
    }

    fn part(&self, place: usize) -> PartMean {
        let part = &self.kept[place % self.kept.len()];
        PartMean {
            name: part.name.clone(),
            mean: self.found.means[place],
            n_pairs: part.places.len(),
            n_sources: part.n_sources,
        }
    }
}

impl Subgroups {
    /// The widest gap of an endpoint over all divisions; none if no division has two parts.
    #[must_use]
    pub fn widest_of(&self, endpoint: PrimaryEndpoint) -> Option<&SubgroupGap> {
        let of_endpoint = self.widest.iter().filter(|gap| gap.endpoint == endpoint);
        of_endpoint.reduce(|widest, gap| {
            let is_wider = gap.difference > widest.difference
                && !is_tied(gap.difference, widest.difference, 1.0);
            if is_wider { gap } else { widest }
        })
    }

    /// What the intervals hold over, as a clause.
    #[must_use]
    pub fn family(&self) -> String {
        format!(
            "{} gaps between subgroups, both endpoints, {} sources: intervals and p-values hold for all together (largest deviation over the resamples)",
            self.n_gaps, self.n_sources
        )
    }
}

impl SubgroupGap {
    /// The gap in plain words, for `subject` such as `recommendation change`.
    #[must_use]
    pub fn sentence(&self, subject: &str) -> String {
        let Self { higher, lower, division, .. } = self;
        let evidence = match (self.interval, self.p_value) {
            (Some(interval), Some(p_value)) => format!(
                "95 % interval {} to {}, p = {p_value:.4}",
                signed(interval.lower),
                signed(interval.upper)
            ),
            _ => "no spread".to_owned(),
        };
        format!(
            "widest gap in {subject} by {}: {} {:.3} against {} {:.3}, {} ({evidence})",
            division.as_str(),
            higher.name,
            higher.mean,
            lower.name,
            lower.mean,
            signed(self.difference)
        )
    }
}
