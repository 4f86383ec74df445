//! Pictures packed in shards of about equal cost.
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a picture costs beside its bytes: asking for it, the network, writing its result; in bytes of input.
const EACH: u64 = 256 << 10;

/// A picture to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// Name below the place of the inputs.
    pub(super) input: String,
    /// Name below the place of the results.
    pub(super) output: String,
    /// Bytes of the input.
    pub(super) bytes: u64,
    /// Which input it is, where the store says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) e_tag: Option<String>,
}

impl Item {
    /// Bytes, and what comes on top.
    pub(super) fn cost(&self) -> u64 {
        self.bytes.saturating_add(EACH)
    }
}

/// How many shards of about `cost` bytes there are to be for `items`.
pub(super) fn count(items: &[Item], cost: u64) -> usize {
    let total: u64 = items.iter().map(Item::cost).sum();
    usize::try_from(total.div_ceil(cost.max(1))).unwrap_or(usize::MAX)
}

/// Packs `items` in `shards` shards, or as many as there are items: the costliest first, each where there is least so far.
/// The costs of two shards differ by at most that of one item. Within a shard, items are in order of their inputs' names; the
/// same items give the same shards.
pub(super) fn pack(mut items: Vec<Item>, shards: usize) -> Vec<Vec<Item>> {
    items.sort_by(|a, b| b.cost().cmp(&a.cost()).then_with(|| a.input.cmp(&b.input)));
    let shards = shards.clamp(1, items.len().max(1));
    let mut packed = vec![Vec::new(); shards];
    let mut lightest: BinaryHeap<_> = (0..shards).map(|index| Reverse((0, index))).collect();
    for item in items {
        let Some(Reverse((cost, index))) = lightest.pop() else {
            break;
        };
        lightest.push(Reverse((item.cost() + cost, index)));
        packed[index].push(item);
    }
    for shard in &mut packed {
        shard.sort_by(|a, b| a.input.cmp(&b.input));
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(sizes: impl IntoIterator<Item = u64>) -> Vec<Item> {
        let item = |(index, bytes)| Item {
            input: format!("{index:04}.jpg"),
            output: String::new(),
            bytes,
            e_tag: None,
        };
        sizes.into_iter().enumerate().map(item).collect()
    }

    #[test]
    fn every_item_is_in_one_shard_and_shards_cost_about_the_same() {
        let mut random = 1_u64;
        let sizes = std::iter::repeat_with(|| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 40) % 9_000_000
        });
        let all = items(sizes.take(1000));
        let most = all.iter().map(Item::cost).max().unwrap();
        for shards in [1, 7, 64, 1000, 5000] {
            let packed = pack(all.clone(), shards);
            assert_eq!(packed.len(), shards.min(1000));
            let costs = packed
                .iter()
                .map(|shard| shard.iter().map(Item::cost).sum::<u64>());
            let (low, high) = (costs.clone().min().unwrap(), costs.max().unwrap());
            assert!(high - low <= most, "{shards}: {low} to {high}");
            assert!(
                packed
                    .iter()
                    .all(|shard| shard.is_sorted_by(|a, b| a.input < b.input))
            );
            let mut back: Vec<_> = packed.into_iter().flatten().collect();
            back.sort_by(|a, b| a.input.cmp(&b.input));
            assert_eq!(back, all);
        }
    }

    #[test]
    fn the_order_of_the_listing_does_not_matter() {
        let all = items([5, 5, 5, 9_999_999, 1, 5]);
        let mut turned = all.clone();
        turned.reverse();
        assert_eq!(pack(all.clone(), 3), pack(turned, 3));
        assert_eq!(count(&all, 10 << 20), 2);
        assert_eq!(count(&all, 1), 10_000_020 + 6 * (256 << 10));
        assert_eq!(pack(Vec::new(), 3), [[]; 1]);
    }
}
