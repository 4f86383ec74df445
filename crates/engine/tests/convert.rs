//! Every float golden case, converted to int8 with its own input as the example: the answers stay near LiteRT's float ones.
use hypercut_engine::convert::{Border, Converter};
use hypercut_engine::{Session, error};
use hypercut_testkit::golden::{cases, folder};
use hypercut_testkit::{Case, Data};

/// How far an answer may be from the float one, as a part of the greatest number around the operation.
///
/// Its own grid and those of its inputs have 255 steps. The largest distances (above 0.03 in 4 cases of 1300) are of sums of hundreds
/// of products that a fused activation cuts down to -1..1: the bound sees the peak behind the cut, rounding is before it.
const BOUND: f32 = 0.06;

/// Operations that a float file never has: they change the type.
const TYPED: &[&str] = &["QUANTIZE", "DEQUANTIZE"];

/// Answers on 255 steps may put another position first.
const POSITIONS: &str = "ARG_MAX";

fn show(case: &Case, session: &mut Session) -> error::Result<()> {
    for (index, input) in case.inputs.iter().enumerate() {
        match &input.data {
            Data::F32(data) => session.set_input(index, data)?,
            Data::I32(data) => session.set_input(index, data)?,
            other => panic!("{}: an input of {other:?}", case.name),
        }
    }
    Ok(())
}

/// The int8 network with float borders, and its answers as `case` has them.
fn answers(case: &Case) -> error::Result<Vec<Vec<f32>>> {
    let mut converter = Converter::new(&case.model)?;
    converter.calibrate(1, |_, session| show(case, session))?;
    let converted = converter.finish(Border::Float, None)?;
    let mut session = Session::from_bytes(&converted.bytes)?;
    show(case, &mut session)?;
    session.run();
    (0..session.outputs())
        .map(|output| Ok(session.output_data::<f32>(output)?.to_vec()))
        .collect()
}

fn peak(data: &[f32]) -> f32 {
    data.iter().fold(0.0, |peak, number| peak.max(number.abs()))
}

/// The greatest distance, as a part of the greatest number around.
fn distance(case: &Case) -> Result<f32, String> {
    let found = answers(case).map_err(|error| error.to_string())?;
    let inputs = case.inputs.iter().map(|input| match &input.data {
        Data::F32(data) => peak(data),
        _ => 0.0,
    });
    let around = inputs.fold(0.0, f32::max);
    let mut most = 0.0_f32;
    for (expected, found) in case.outputs.iter().zip(&found) {
        let Data::F32(expected) = &expected.data else {
            return Err("an output that is not float".into());
        };
        assert_eq!(expected.len(), found.len(), "{}", case.name);
        let apart = expected.iter().zip(found).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f32::max);
        most = most.max(apart / peak(expected).max(around).max(1e-6));
    }
    Ok(most)
}

#[test]
fn every_float_operation_becomes_bytes() {
    let files = std::fs::read_dir(folder().join("ops")).unwrap();
    let names = files.map(|file| file.unwrap().path());
    let mut names: Vec<String> = names
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != POSITIONS && !TYPED.contains(&name.as_str()))
        .collect();
    names.sort();
    let mut failures = Vec::new();
    for name in names {
        let (mut most, mut count) = (0.0_f32, 0);
        for case in cases(&name)
            .iter()
            .filter(|case| case.mode().starts_with("float"))
        {
            match distance(case) {
                Ok(distance) if distance <= BOUND => most = most.max(distance),
                Ok(distance) => failures.push(format!("{name} {}: {distance:.4}", case.name)),
                Err(text) => failures.push(format!("{name} {}: {text}", case.name)),
            }
            count += 1;
        }
        println!("{name:24} {count:3} cases, at most {most:.4}");
        assert!(count >= 6, "{name}: {count} cases");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_no_float_network_is_refused() {
    let text = |bytes: &[u8]| Converter::new(bytes).err().unwrap().to_string();
    assert_eq!(
        text(b"nonsense"),
        "not a .tflite file, or a damaged one: the identifier TFL3 is missing"
    );
    let read = |name: &str| std::fs::read(folder().join("models").join(name)).unwrap();
    assert!(
        text(&read("conv_resize_int8.tflite")).starts_with("the network is quantized already: "),
    );
    let converter = Converter::new(&read("mixture_float.tflite")).unwrap();
    let error = converter.finish(Border::Int8, None).unwrap_err();
    assert_eq!(error.to_string(), "no examples to take ranges from");
}

#[test]
fn numbers_that_are_none_are_named() {
    let bytes = std::fs::read(folder().join("models/mixture_float.tflite")).unwrap();
    let mut converter = Converter::new(&bytes).unwrap();
    let error = converter.calibrate(1, |_, session| {
        session.input_mut::<f32>(0)?.fill(f32::NAN);
        Ok(())
    });
    let text = error.unwrap_err().to_string();
    assert!(text.ends_with("becomes infinite or no number"), "{text}");
}
