//! Damaged files: an error or a result, never a panic, never more than 256 MB.
//!
//! Each small network of `tests/golden/models` is cut at every length and has every byte set to 0, to 255 and inverted,
//! and every bit of its first and last 256 bytes flipped. What still loads also runs, if it stayed small.
use std::panic::{AssertUnwindSafe, catch_unwind};

use hypercut_engine::graph::Graph;
use hypercut_engine::model::Model;
use hypercut_engine::plan::Plan;
use hypercut_engine::{ErrorKind, Session};
use hypercut_testkit::{Random, golden::folder};

/// Bytes that reading, planning and running one file may hold at once.
const MEMORY: u64 = 256 << 20;

/// Beyond these a damaged file that loads is not run: the run would be right, but long.
const MACS: u64 = 2_000_000;
const ARENA: usize = 1 << 20;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Refused(ErrorKind),
    Loaded,
    Ran,
}

fn load(bytes: &[u8]) -> Result<Fate, hypercut_engine::Error> {
    let graph = Graph::new(Model::from_bytes(bytes)?)?;
    let plan = Plan::new(&graph)?;
    if graph.macs() > MACS || plan.arena_bytes() > ARENA {
        return Ok(Fate::Loaded);
    }
    Session::new(plan).run();
    Ok(Fate::Ran)
}

/// Reads and runs `bytes` and adds what went wrong to `faults`.
fn attempt(what: impl Fn() -> String, bytes: &[u8], faults: &mut Vec<String>) -> Option<Fate> {
    let mut fate = None;
    let memory = allocation_counter::measure(|| {
        let caught = catch_unwind(AssertUnwindSafe(|| load(bytes)));
        fate = caught
            .ok()
            .map(|loaded| loaded.unwrap_or_else(|error| Fate::Refused(error.kind())));
    });
    if fate.is_none() {
        faults.push(format!("{}: panic", what()));
    }
    if memory.bytes_max > MEMORY {
        faults.push(format!("{}: {} bytes of memory", what(), memory.bytes_max));
    }
    fate
}

fn model(name: &str) -> Vec<u8> {
    let path = folder().join("models").join(format!("{name}.tflite"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Prints how the attempts ended and fails with the first faults.
fn report(name: &str, fates: &[Option<Fate>], faults: &[String]) {
    let count = |wanted: fn(&Fate) -> bool| fates.iter().flatten().filter(|f| wanted(f)).count();
    println!(
        "{name}: {} files, {} refused, {} loaded, {} ran",
        fates.len(),
        count(|fate| matches!(fate, Fate::Refused(_))),
        count(|fate| *fate == Fate::Loaded),
        count(|fate| *fate == Fate::Ran),
    );
    let shown = faults.iter().take(20).cloned().collect::<Vec<_>>();
    assert!(
        faults.is_empty(),
        "{} faults in {name}:\n{}",
        faults.len(),
        shown.join("\n")
    );
}

fn damage(name: &str) {
    let good = model(name);
    let (mut fates, mut faults) = (Vec::new(), Vec::new());
    assert_eq!(
        attempt(|| name.to_owned(), &good, &mut faults),
        Some(Fate::Ran)
    );
    for length in 0..good.len() {
        fates.push(attempt(
            || format!("cut at {length}"),
            &good[..length],
            &mut faults,
        ));
    }
    let mut bytes = good.clone();
    for at in 0..good.len() {
        for value in [0, 255, !good[at]] {
            bytes[at] = value;
            fates.push(attempt(
                || format!("byte {at} = {value}"),
                &bytes,
                &mut faults,
            ));
        }
        if at < 256 || at + 256 >= good.len() {
            for bit in 0..8 {
                bytes[at] = good[at] ^ (1 << bit);
                fates.push(attempt(
                    || format!("byte {at} bit {bit}"),
                    &bytes,
                    &mut faults,
                ));
            }
        }
        bytes[at] = good[at];
    }
    report(name, &fates, &faults);
    // A test that never gets past the first check, or never damages anything, proves nothing.
    assert!(fates.contains(&Some(Fate::Ran)));
    for kind in [ErrorKind::Malformed, ErrorKind::Invalid] {
        assert!(fates.contains(&Some(Fate::Refused(kind))), "no {kind:?}");
    }
}

#[test]
fn int8_segmenter() {
    damage("conv_resize_int8");
}

#[test]
fn old_uint8() {
    damage("old_uint8");
}

#[test]
fn float_mixture() {
    damage("mixture_float");
}

#[test]
fn half_weights() {
    damage("conv_resize_half");
}

/// Several wild values at once, as small integers as often as bytes: what single bytes don't reach.
#[test]
fn random_damage() {
    let models = [
        "conv_resize_int8",
        "old_uint8",
        "mixture_float",
        "conv_resize_half",
    ]
    .map(model);
    let mut random = Random::new(20);
    let (mut fates, mut faults) = (Vec::new(), Vec::new());
    for round in 0..20_000 {
        let mut bytes = models[round % models.len()].clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes.len() / 4) * 4;
            match random.below(3) {
                0 => bytes[at + random.below(4)] = random.bits() as u8,
                1 => {
                    let value = [0, 1, -1, 2, 3, 127, i32::MAX, i32::MIN, 0x4000_0000, 65_536];
                    bytes[at..at + 4].copy_from_slice(&value[random.below(10)].to_le_bytes());
                }
                _ => bytes[at..at + 4].copy_from_slice(&(random.bits() as u32).to_le_bytes()),
            }
        }
        fates.push(attempt(|| format!("round {round}"), &bytes, &mut faults));
    }
    report("random damage", &fates, &faults);
}

#[test]
fn no_file_at_all() {
    for bytes in [
        &b""[..],
        b"TFL3",
        b"\x89PNG\r\n\x1a\n",
        b"\0\0\0\0TFL3",
        b"\xff\xff\xff\xffTFL3\0\0\0\0",
    ] {
        let error = Session::from_bytes(bytes).unwrap_err();
        // A root table of zeros is in order, but says version 0.
        let kinds = [ErrorKind::Malformed, ErrorKind::Unsupported];
        assert!(kinds.contains(&error.kind()), "{error}");
    }
}
