//! Pillow's resize, exact, in both pass orders.

use spinefairbench_imaging::{Filter, PassOrder};

use crate::golden::{self, size};

#[test]
fn every_golden_resize_is_exact() {
    let tensors = golden::tensors("pillow.safetensors");
    let mut n_cases = 0;
    for (key, expected) in &tensors {
        let (order, case) = match key.strip_prefix("pillow12.") {
            Some(case) => (PassOrder::HorizontalFirst, case),
            None => (PassOrder::Pillow13, key.as_str()),
        };
        let parts: Vec<&str> = case.split('.').collect();
        let [filter @ ("bicubic" | "lanczos"), mode, sizes] = parts[..] else { continue };
        let filter = if filter == "bicubic" { Filter::Bicubic } else { Filter::Lanczos };
        let (from, to) = sizes.split_once('-').unwrap();
        let (width, height) = to.split_once('x').unwrap();
        let to = size(width.parse().unwrap(), height.parse().unwrap());
        let input = &tensors[&format!("in.{mode}.{from}")];
        let mut orders = vec![order];
        // Where the two orders agree there is no second golden.
        if !tensors.contains_key(&format!("pillow12.{case}")) {
            orders.push(PassOrder::HorizontalFirst);
        }
        for order in orders {
            match mode {
                "L" => assert!(
                    input.grey().resized(to, filter, order) == expected.grey(),
                    "{key} {order:?}"
                ),
                _ => assert!(
                    input.rgb().resized(to, filter, order) == expected.rgb(),
                    "{key} {order:?}"
                ),
            }
            n_cases += 1;
        }
    }
    assert_eq!(n_cases, 19 + 4 + 15);
}

#[test]
fn the_orders_differ_where_the_height_shrinks_most() {
    let tensors = golden::tensors("pillow.safetensors");
    let tall = tensors["in.L.180x300"].grey();
    let [old, new] = [PassOrder::HorizontalFirst, PassOrder::Pillow13]
        .map(|order| tall.resized(size(64, 64), Filter::Bicubic, order));
    let gaps: Vec<u8> =
        old.samples().iter().zip(new.samples()).map(|(a, b)| a.abs_diff(*b)).collect();
    assert!((1..=2).contains(gaps.iter().max().unwrap()));
}
