//! Times one of the Rust peers on one ONNX file, one thread.
//!
//! `hypercut-benchmark-peers tract|rten MODEL.onnx INPUT.f32 OUTPUT.f32 SECONDS DIM...` reads little-endian floats of the shape
//! `DIM...`, writes those of the first output, and prints the milliseconds of each run as a JSON array.
use std::error::Error;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, model, input, output, seconds, shape @ ..] = arguments.as_slice() else {
        return Err("usage: tract|rten MODEL.onnx INPUT.f32 OUTPUT.f32 SECONDS DIM...".into());
    };
    let shape: Vec<usize> = shape.iter().map(|d| d.parse()).collect::<std::result::Result<_, _>>()?;
    let bytes = std::fs::read(input)?;
    let numbers = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let duration = Duration::from_secs_f64(seconds.parse()?);
    let (times, answer) = match engine.as_str() {
        "tract" => tract(model, &shape, numbers, duration)?,
        "rten" => rten(model, &shape, numbers, duration)?,
        other => return Err(format!("{other}: neither tract nor rten").into()),
    };
    std::fs::write(output, answer.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())?;
    let times: Vec<String> = times.iter().map(|t| format!("{t:.4}")).collect();
    println!("[{}]", times.join(","));
    Ok(())
}

/// Runs for `duration`, three rounds first that don't count: milliseconds of each, and the last answer.
fn time<T>(duration: Duration, mut run: impl FnMut() -> Result<T>) -> Result<(Vec<f64>, T)> {
    for _ in 0..3 {
        run()?;
    }
    let (begin, mut times) = (Instant::now(), Vec::new());
    loop {
        let start = Instant::now();
        let answer = run()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if begin.elapsed() > duration {
            return Ok((times, answer));
        }
    }
}

fn tract(model: &str, shape: &[usize], input: Vec<f32>, duration: Duration) -> Result<(Vec<f64>, Vec<f32>)> {
    use tract_onnx::prelude::*;
    let plan = tract_onnx::onnx()
        .model_for_path(model)?
        .with_input_fact(0, f32::fact(shape).into())?
        .into_optimized()?
        .into_runnable()?;
    let input: TValue = Tensor::from_shape(shape, &input)?.into();
    let (times, answer) = time(duration, || Ok(plan.run(tvec!(input.clone()))?))?;
    Ok((times, answer[0].to_array_view::<f32>()?.iter().copied().collect()))
}

fn rten(model: &str, shape: &[usize], input: Vec<f32>, duration: Duration) -> Result<(Vec<f64>, Vec<f32>)> {
    use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value};
    use rten_tensor::prelude::*;
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(true);
    let model: Model = options.load_file(model)?;
    let pool = std::sync::Arc::new(ThreadPool::with_num_threads(1));
    let input = rten_tensor::Tensor::from_data(shape, input);
    let (times, answer) = time(duration, || {
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        Ok(model.run_one(input.view().into(), Some(options))?)
    })?;
    let answer: rten_tensor::Tensor<f32> = match answer {
        Value::FloatTensor(tensor) => tensor,
        other => return Err(format!("an answer of {other:?}").into()),
    };
    Ok((times, answer.iter().copied().collect()))
}
