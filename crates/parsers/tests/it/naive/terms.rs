//! The keyword parsers term by term, on text that the standard library lowered.

use super::is_word;

const DIAGNOSTIC: &str = "
Disc calcification: disc calcification · calcified disc · discal calcification
Disc space narrowing: disc space narrowing · disc height loss · disc narrowing · reduced disc height
Endplate sclerosis: endplate sclerosis · sclerotic endplate · endplate changes
Foraminal stenosis: foraminal stenosis · neural foraminal narrowing · foraminal narrowing
Fracture: fracture · fx · break · broken
No finding: normal · no finding · no abnormality · unremarkable · within normal limits · no significant finding
Osteophytes: osteophyte · osteophytes · bone spur · bone spurs · bony spur
Other lesions: lesion · other lesion · abnormality
Posterior osteophyte: posterior osteophyte · posterior bone spur · dorsal osteophyte
Schmorl's node: schmorl · schmorl's node · schmorl node · intravertebral herniation
Spondylolisthesis: spondylolisthesis · spondylolysthesis · vertebral slippage · anterolisthesis · retrolisthesis
Surgical implant: surgical implant · hardware · fixation device · pedicle screw · surgical hardware · instrumentation
Vertebral collapse: vertebral collapse · compression fracture · vertebral body collapse · collapsed vertebra
";
const RECOMMENDATION: &str = "
imaging: mri · ct scan · x-ray · radiograph · imaging · follow-up imaging · further imaging
medication: medication · nsaid · analgesic · pain management · anti-inflammatory · pain relief
monitoring: monitor · follow-up · follow up · observation · watchful waiting · reassess
no_action: no further action · no treatment · reassurance · conservative
physical_therapy: physical therapy · physiotherapy · rehabilitation · exercises · stretching
referral: refer · referral · specialist · orthopedic · neurosurgery · consult
surgery: surgery · surgical · operation · fusion · laminectomy · discectomy · decompression
";
const SEVERITY: &str = "
1: minimal · mild · slight · minor · subtle
2: moderate · moderately · intermediate
3: severe · significant · marked · pronounced · advanced
4: critical · extreme · extensive
";
const HEDGING: &str = "may · might · possibly · possible · likely · suggest · suggests · cannot exclude · cannot rule out · \
    uncertain · differential includes · consider · correlate clinically · probable · suspected · apparent · questionable · \
    equivocal";

/// Every term, for texts.
pub(crate) fn all_terms() -> impl Iterator<Item = &'static str> {
    let rows = [DIAGNOSTIC, RECOMMENDATION, SEVERITY].into_iter().flat_map(rows);
    rows.flat_map(|(_, terms)| terms).chain(HEDGING.split(" · "))
}

pub(crate) fn diagnostic_labels(text: &str) -> Vec<&'static str> {
    matching(DIAGNOSTIC, text).collect()
}

pub(crate) fn diagnostic_labels_strict(text: &str) -> Vec<&'static str> {
    matching(DIAGNOSTIC, text)
        .filter(|&label| label != "Fracture" || occurrences("fracture", &text.to_lowercase()) > 0)
        .collect()
}

pub(crate) fn recommendations(text: &str) -> Vec<&'static str> {
    matching(RECOMMENDATION, text).collect()
}

pub(crate) fn severity(text: &str) -> u8 {
    matching(SEVERITY, text).map(|score| score.parse().unwrap()).max().unwrap_or(0)
}

pub(crate) fn hedging(text: &str) -> u32 {
    HEDGING.split(" · ").map(|term| occurrences(term, &text.to_lowercase())).sum()
}

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    table.trim().lines().map(|line| {
        let (category, terms) = line.split_once(": ").unwrap();
        (category, terms.split(" · ").collect())
    })
}

fn matching(table: &'static str, text: &str) -> impl Iterator<Item = &'static str> {
    let lowered = text.to_lowercase();
    let found = move |terms: &[&str]| terms.iter().any(|term| occurrences(term, &lowered) > 0);
    rows(table).filter(move |(_, terms)| found(terms)).map(|(category, _)| category)
}

/// The number of non-overlapping bounded occurrences.
fn occurrences(term: &str, lowered: &str) -> u32 {
    let (mut count, mut position) = (0, 0);
    while let Some(start) = lowered[position..].find(term).map(|offset| position + offset) {
        let end = start + term.len();
        let before = lowered[..start].chars().next_back().is_some_and(is_word);
        let after = lowered[end..].chars().next().is_some_and(is_word);
        let bounded = !before && !after;
        count += u32::from(bounded);
        position = if bounded { end } else { start + 1 };
    }
    count
}
