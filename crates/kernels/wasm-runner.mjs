// Runs a wasm32-wasip1 program (a test binary) under Node: `node wasm-runner.mjs PROGRAM.wasm [ARGUMENTS]`.
//
//     CARGO_TARGET_WASM32_WASIP1_RUNNER="node $PWD/crates/kernels/wasm-runner.mjs" \
//     CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-C target-feature=+simd128" \
//     cargo test --release --target wasm32-wasip1 -p hypercut-kernels
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [program, ...rest] = process.argv.slice(2);
const wasi = new WASI({ version: "preview1", args: [program, ...rest], env: process.env, preopens: {} });
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);
