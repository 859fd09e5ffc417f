//! Sets of categories: sixteen bits, iterated in code-point order of the names.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::category::{Category, DiagnosticLabel, Recommendation};

/// The diagnostic labels of a report.
pub type LabelSet = CategorySet<DiagnosticLabel>;

/// The recommendation categories of a report.
pub type RecommendationSet = CategorySet<Recommendation>;

/// A set of categories, as small as a number.
///
/// The order of sets is that of their bit patterns: total and stable, for use as a key, and without meaning otherwise.
///
/// ```
/// use spinefairbench_parsers::{DiagnosticLabel, LabelSet};
///
/// let source: LabelSet = [DiagnosticLabel::Osteophytes, DiagnosticLabel::Fracture].into_iter().collect();
/// let edited: LabelSet = [DiagnosticLabel::Fracture].into_iter().collect();
/// assert_eq!(source.names().collect::<Vec<_>>(), ["Fracture", "Osteophytes"]);
/// assert_eq!(source.jaccard(edited), 0.5);
/// ```
pub struct CategorySet<C> {
    bits: u16,
    categories: PhantomData<C>,
}

impl<C: Category> CategorySet<C> {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self::from_bits(0)
    }

    const fn from_bits(bits: u16) -> Self {
        Self { bits, categories: PhantomData }
    }

    /// Adds a category.
    pub fn insert(&mut self, category: C) {
        self.bits |= 1 << category.index();
    }

    /// Whether the category is in the set.
    #[must_use]
    pub fn contains(self, category: C) -> bool {
        self.bits & (1 << category.index()) != 0
    }

    /// The number of categories in the set.
    #[must_use]
    pub fn len(self) -> usize {
        self.bits.count_ones() as usize
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// The categories in code-point order of their names.
    pub fn iter(self) -> impl Iterator<Item = C> {
        C::ALL.iter().copied().filter(move |&category| self.contains(category))
    }

    /// The names in code-point order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(Category::name)
    }

    /// Categories in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self::from_bits(self.bits | other.bits)
    }

    /// Categories in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self::from_bits(self.bits & other.bits)
    }

    /// Categories of this set that the other one lacks.
    #[must_use]
    pub fn difference(self, other: Self) -> Self {
        Self::from_bits(self.bits & !other.bits)
    }

    /// Jaccard agreement |A∩B| / |A∪B|, and 1.0 when both sets are empty (rule P-05).
    #[must_use]
    pub fn jaccard(self, other: Self) -> f64 {
        let either = self.union(other);
        if either.is_empty() {
            return 1.0;
        }
        f64::from(self.intersection(other).bits.count_ones()) / f64::from(either.bits.count_ones())
    }
}

impl<C> Clone for CategorySet<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for CategorySet<C> {}

impl<C> PartialEq for CategorySet<C> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<C> Eq for CategorySet<C> {}

impl<C> PartialOrd for CategorySet<C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<C> Ord for CategorySet<C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bits.cmp(&other.bits)
    }
}

impl<C> Hash for CategorySet<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

impl<C: Category> Default for CategorySet<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Category> fmt::Debug for CategorySet<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.names()).finish()
    }
}

impl<C: Category> FromIterator<C> for CategorySet<C> {
    fn from_iter<I: IntoIterator<Item = C>>(categories: I) -> Self {
        let mut set = Self::new();
        set.extend(categories);
        set
    }
}

impl<C: Category> Extend<C> for CategorySet<C> {
    fn extend<I: IntoIterator<Item = C>>(&mut self, categories: I) {
        for category in categories {
            self.insert(category);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_jaccard(left: &[Recommendation], right: &[Recommendation], expected: f64) {
        let left: RecommendationSet = left.iter().copied().collect();
        let right: RecommendationSet = right.iter().copied().collect();
        assert_eq!(left.jaccard(right).to_bits(), expected.to_bits(), "{left:?} and {right:?}");
        assert_eq!(left.jaccard(right).to_bits(), right.jaccard(left).to_bits());
    }

    #[test]
    fn agreement_counts_shared_over_all_and_two_empty_sets_agree() {
        use Recommendation::{Imaging, Referral, Surgery};
        check_jaccard(&[], &[], 1.0);
        check_jaccard(&[], &[Surgery], 0.0);
        check_jaccard(&[Imaging, Surgery], &[Surgery, Referral], 1.0 / 3.0);
        check_jaccard(&[Imaging, Surgery], &[Surgery, Imaging], 1.0);
    }

    #[test]
    fn sets_are_equal_ordered_and_hashed_by_what_they_hold() {
        use std::hash::{BuildHasher, RandomState};

        use DiagnosticLabel::{Fracture, Osteophytes};
        let set = |labels: &[DiagnosticLabel]| labels.iter().copied().collect::<LabelSet>();
        let (one, other) = (set(&[Fracture]), set(&[Osteophytes]));
        assert!(one == set(&[Fracture, Fracture]) && one != other);
        assert_eq!(one.partial_cmp(&other), Some(one.cmp(&other)));
        assert_eq!(
            [one.cmp(&other), other.cmp(&one), one.cmp(&one)],
            [Ordering::Less, Ordering::Greater, Ordering::Equal]
        );
        let state = RandomState::new();
        assert_eq!(state.hash_one(one), state.hash_one(set(&[Fracture])));
        assert_ne!(state.hash_one(one), state.hash_one(other));
    }

    #[test]
    fn sets_are_combined_as_sets() {
        use DiagnosticLabel::{Fracture, NoFinding, VertebralCollapse};
        let left: LabelSet = [Fracture, VertebralCollapse].into_iter().collect();
        let right: LabelSet = [NoFinding, Fracture, Fracture].into_iter().collect();
        assert_eq!(right.len(), 2);
        assert_eq!(
            left.union(right).iter().collect::<Vec<_>>(),
            [Fracture, NoFinding, VertebralCollapse]
        );
        assert_eq!(left.intersection(right).iter().collect::<Vec<_>>(), [Fracture]);
        assert_eq!(left.difference(right).iter().collect::<Vec<_>>(), [VertebralCollapse]);
        assert!(LabelSet::default().is_empty() && !left.is_empty() && left.contains(Fracture));
        assert_eq!(format!("{left:?}"), r#"{"Fracture", "Vertebral collapse"}"#);
    }
}
