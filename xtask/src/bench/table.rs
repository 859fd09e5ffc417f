//! The figures as a table, in the form that `docs/performance.md` holds.

use super::record::{Figure, Record, Target, Unit};

/// The whole table.
pub(super) fn text(record: &Record) -> String {
    let mut lines = vec![
        format!(
            "{}, {} threads, rustc {}, bundle `{}`",
            record.processor, record.threads, record.rustc, record.scale
        ),
        String::new(),
        "| row | work | median | runs, spread | peer | target | |".to_owned(),
        "|---|---|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(record.figures.iter().map(line));
    lines.join("\n") + "\n"
}

fn line(figure: &Figure) -> String {
    let Figure { row, what, value, unit, target, runs, spread_percent, peer } = figure;
    let spread = match unit {
        Unit::Exponent => String::new(),
        _ if *runs > 1 => format!("{runs}, {spread_percent:.0} %"),
        _ => runs.to_string(),
    };
    let peer = peer.as_ref().filter(|_| *unit == Unit::Seconds);
    let peer = peer.map(|peer| format!("`{}` {}", peer.name, amount(peer.seconds, Unit::Seconds)));
    let target = target.map(|target| match target {
        Target::AtMost(limit) => format!("≤ {}", amount(limit, *unit)),
        Target::AtLeast(limit) => format!("≥ {}", amount(limit, *unit)),
    });
    let verdict = match figure.is_met() {
        None => "",
        Some(true) => "met",
        Some(false) => "**missed**",
    };
    let value = amount(*value, *unit);
    format!(
        "| {row} | {what} | {value} | {spread} | {} | {} | {verdict} |",
        peer.unwrap_or_default(),
        target.unwrap_or_default()
    )
}

fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value < 1e-3 => format!("{:.1} µs", value * 1e6),
        Unit::Seconds if value < 1.0 => format!("{:.1} ms", value * 1e3),
        Unit::Seconds => format!("{value:.2} s"),
        Unit::Bytes => format!("{:.1} MB", value / 1e6),
        Unit::BytesPerSecond => format!("{:.0} MB/s", value / 1e6),
        Unit::RequestsPerSecond => format!("{value:.0} requests/s"),
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::TimesThePeer => format!("{value:.1} ×"),
        Unit::Exponent => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_states_value_peer_target_and_verdict() {
        let mut figure = Figure::seconds("checksums", "hashing", &[1.25, 1.5, 1.0]);
        figure.peer =
            Some(super::super::record::Peer { name: "p".to_owned(), seconds: 9.0, runs: 3 });
        assert_eq!(line(&figure), "| checksums | hashing | 1.25 s | 3, 40 % | `p` 9.00 s |  |  |");
        let ratio = figure.in_unit(5.2, Unit::TimesThePeer).with_target(Some(Target::AtLeast(6.0)));
        assert_eq!(
            line(&ratio),
            "| checksums | hashing | 5.2 × | 3, 40 % |  | ≥ 6.0 × | **missed** |"
        );
    }
}
