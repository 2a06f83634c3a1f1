//! The same numbers each time: the `Random` port from a seed.

use std::sync::Mutex;

use sofetch_core::ports::Random;

use crate::lock;

/// [SplitMix64](https://doi.org/10.1145/2660193.2660195): no secret, and the same for ever.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = lock(&self.0);
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^= mixed >> 31;
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seed: u64, count: usize) -> Vec<u8> {
        let mut buffer = vec![0; count];
        SeededRandom::new(seed).fill(&mut buffer);
        buffer
    }

    #[test]
    fn one_seed_one_sequence() {
        assert_eq!(numbers(1, 20), numbers(1, 20));
        assert_ne!(numbers(1, 20), numbers(2, 20));
        assert_eq!(numbers(0, 8), 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
    }
}
