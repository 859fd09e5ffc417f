//! What a noise floor means, in sentences for a reader who is no statistician.

use super::{ExcessRow, FloorMean, FloorRow, NoiseFloorSection};

impl NoiseFloorSection {
    /// The finding for the recommendations, then for the labels, then for the null edits; or why there is none.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = of_edits(&self.demographic_edits, "its edited copy");
        if self.repeats == 1 && self.demographic_edits.by_source.is_none() {
            sentences.push(
                "The pairs of a source share one report on the radiograph here, so that nothing is known of a second call; another \
                 round gives it."
                    .to_owned(),
            );
        }
        if let Some(row) = &self.null_edits {
            sentences.extend(of_edits(row, "a copy that was edited without another age or sex"));
        }
        sentences
    }
}

fn of_edits(row: &FloorRow, copy: &str) -> Vec<String> {
    let Some(endpoints) = &row.by_source else {
        return vec![format!(
            "There is no noise floor between a radiograph and {copy}: {} without a usable pair, and {} with fewer than two \
             usable calls on the radiograph.",
            counted(row.sources_without_usable_edit),
            counted(row.sources_with_fewer_than_two_calls)
        )];
    };
    let ExcessRow { edited, floor, excess, .. } = &endpoints.recommendation_instability;
    let advice = format!(
        "Shown the very same radiograph again, the model gave other recommendations in {} % of cases; between a radiograph and \
         {copy}, in {} %. {}",
        percent(floor.point_estimate),
        percent(edited.point_estimate),
        finding(excess)
    );
    let ExcessRow { edited, floor, excess, .. } = &endpoints.diagnostic_instability;
    let labels = format!(
        "The diagnostic labels of two reports on the very same radiograph overlap by {} %; those on a radiograph and {copy}, by \
         {} %. {}",
        percent(1.0 - floor.point_estimate),
        percent(1.0 - edited.point_estimate),
        finding(excess)
    );
    vec![advice, labels]
}

fn finding(excess: &FloorMean) -> String {
    let points = percent(excess.point_estimate);
    let Some(ends) = excess.ci95 else { return format!("The difference is {points} points.") };
    let interval = format!("{} to {}", percent(ends.lower), percent(ends.upper));
    if ends.has_no_width() {
        format!("The difference is {points} points; its interval has no width and says nothing.")
    } else if ends.lower > 0.0 {
        format!("So {points} points (95 % interval {interval}) come on top of mere repetition.")
    } else if ends.upper < 0.0 {
        format!(
            "That is less than mere repetition gives, by {points} points (95 % interval {interval}): no effect of the edit is seen, \
             and the two kinds of calls were perhaps not made alike."
        )
    } else {
        format!(
            "The difference of {points} points (95 % interval {interval}) is not told apart from mere repetition."
        )
    }
}

/// A share in per cent with one decimal; what rounds to zero has no sign.
fn percent(share: f64) -> String {
    match format!("{:.1}", share * 100.0).as_str() {
        "-0.0" => "0.0".to_owned(),
        text => text.to_owned(),
    }
}

fn counted(sources: usize) -> String {
    format!("{sources} source{}", if sources == 1 { "" } else { "s" })
}
