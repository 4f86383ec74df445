//! Runs a network some times on zeros, for a profiler: `repeat FILE.tflite TIMES`.
use hypercut_engine::Session;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, times] = arguments.as_slice() else {
        return Err("usage: repeat FILE.tflite TIMES".into());
    };
    let mut session = Session::from_bytes(&std::fs::read(path)?)?;
    for _ in 0..times.parse()? {
        session.run();
    }
    Ok(())
}
