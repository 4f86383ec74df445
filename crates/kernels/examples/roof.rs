//! The core's roof with every set that this CPU has: `cargo run --release -p hypercut-kernels --example roof` prints one JSON object in
//! GMAC/s, keyed by the set's name and the numbers' type.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::roof::Roof;

fn main() {
    let roofs = Isa::available().filter_map(|isa| Some((isa, Roof::measure(isa)?)));
    let lines: Vec<String> = roofs
        .map(|(isa, roof)| {
            let Roof { int8, float32 } = roof;
            format!("\"{isa}\": {{\"int8\": {int8:.1}, \"float32\": {float32:.1}}}")
        })
        .collect();
    println!("{{{}}}", lines.join(", "));
}
