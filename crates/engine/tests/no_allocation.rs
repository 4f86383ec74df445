//! A session allocates when it is made and never again.
use hypercut_engine::Session;
use hypercut_testkit::golden::{cases, folder};
use hypercut_testkit::{Case, Data};

/// Allocations of one run, inputs set and outputs read.
fn allocations(session: &mut Session, case: &Case) -> u64 {
    let mut outputs: Vec<Data> = case.outputs.iter().map(|o| o.data.zeroed()).collect();
    let counted = allocation_counter::measure(|| {
        for (index, input) in case.inputs.iter().enumerate() {
            match &input.data {
                Data::F32(v) => session.set_input(index, v),
                Data::I8(v) => session.set_input(index, v),
                Data::U8(v) => session.set_input(index, v),
                Data::I32(v) => session.set_input(index, v),
                Data::I64(v) => session.set_input(index, v),
            }
            .unwrap();
        }
        session.run();
        for (index, output) in outputs.iter_mut().enumerate() {
            match output {
                Data::F32(v) => session.read_output(index, v),
                Data::I8(v) => session.read_output(index, v),
                Data::U8(v) => session.read_output(index, v),
                Data::I32(v) => session.read_output(index, v),
                Data::I64(v) => session.read_output(index, v),
            }
            .unwrap();
        }
    });
    counted.count_total
}

/// The counter sees what it should see.
#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 100])));
    assert_eq!((counted.count_total, counted.bytes_max), (1, 100));
}

#[test]
fn no_operation_allocates_when_it_runs() {
    let files = std::fs::read_dir(folder().join("ops")).unwrap();
    let mut guilty = Vec::new();
    for file in files {
        let name = file.unwrap().file_name().into_string().unwrap();
        let operation = name.strip_suffix(".golden").unwrap();
        for case in cases(operation).iter().step_by(5) {
            let mut session = Session::from_bytes(&case.model)
                .unwrap_or_else(|error| panic!("{operation} {}: {error}", case.name));
            // The first run counts too.
            let count = allocations(&mut session, case);
            if count > 0 {
                guilty.push(format!("{operation} {}: {count}", case.name));
            }
        }
    }
    assert!(
        guilty.is_empty(),
        "{} allocate:\n{}",
        guilty.len(),
        guilty.join("\n")
    );
}

#[test]
fn a_chain_allocates_nothing() {
    for name in [
        "conv_resize_int8",
        "old_uint8",
        "mixture_float",
        "conv_resize_half",
    ] {
        let bytes = std::fs::read(folder().join("models").join(format!("{name}.tflite"))).unwrap();
        let mut session = Session::from_bytes(&bytes).unwrap();
        let counted = allocation_counter::measure(|| (0..3).for_each(|_| session.run()));
        assert_eq!(counted.count_total, 0, "{name}");
    }
}
