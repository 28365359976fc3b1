//! Shares of a sample, and how far the truth may be from them.

use std::fmt;

/// The standard normal quantile of a 95 % interval.
const Z: f64 = 1.96;

/// Hits among a number of tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) hits: u32,
    pub(super) of: u32,
}

impl Rate {
    /// The share of hits.
    pub(super) fn share(self) -> f64 {
        if self.of == 0 {
            0.0
        } else {
            f64::from(self.hits) / f64::from(self.of)
        }
    }

    /// Wilson's 95 % interval: unlike the usual one it says something when there are no hits.
    fn interval(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (f64::from(self.of), self.share());
        let scale = 1.0 + Z * Z / n;
        let middle = (p + Z * Z / (2.0 * n)) / scale;
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.interval();
        write!(
            f,
            "{:>5}  {:6.2} %  (95 %: {:.2} to {:.2})",
            self.hits,
            self.share() * 100.0,
            low * 100.0,
            high * 100.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_textbook() {
        let none = Rate { hits: 0, of: 1825 };
        assert_eq!(none.to_string(), "    0    0.00 %  (95 %: 0.00 to 0.21)");
        let some = Rate { hits: 10, of: 100 };
        assert_eq!(some.to_string(), "   10   10.00 %  (95 %: 5.52 to 17.44)");
        assert_eq!(Rate::default().interval(), (0.0, 1.0));
    }
}
