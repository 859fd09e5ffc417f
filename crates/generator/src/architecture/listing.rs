//! The parameter names and shapes of a network, without any weights.

use std::collections::BTreeMap;

use super::Parameters;

/// What a network asks for when it is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Every parameter and its shape.
    pub parameters: BTreeMap<String, Vec<usize>>,
    /// Every linear layer and convolution by its module path, with the shape of its weight: what an adapter can name.
    pub modules: BTreeMap<String, Vec<usize>>,
}

impl Parameters for Listing {
    type Parameter = ();

    fn take(&mut self, name: &str, shape: &[usize]) {
        self.parameters.insert(name.into(), shape.into());
    }

    fn adapter(&mut self, module: &str, weight_shape: &[usize]) -> Option<super::LowRank<()>> {
        self.modules.insert(module.into(), weight_shape.into());
        None
    }
}
