//! Nothing: the benchmarks are in `benches/`. `cargo bench --manifest-path benchmarks/kernels/Cargo.toml [FILTER]` runs them.
