//! The built-in network alone as a module, without what the library does before and after it: what runtimes are compared with.
#![expect(
    unsafe_code,
    reason = "`no_mangle` is an unsafe attribute; there is no unsafe block"
)]
use std::cell::RefCell;

use hypercut::Segmenter;
use hypercut_engine::Session;

thread_local! {
    static SESSION: RefCell<Option<Session>> = RefCell::default();
}

fn session<R>(otherwise: R, act: impl FnOnce(&mut Session) -> R) -> R {
    SESSION.with_borrow_mut(|session| session.as_mut().map_or(otherwise, act))
}

/// Plans the network, and says where its input lies, `[224, 224, 4]` signed bytes; null when it can't be planned. The address stays good.
#[unsafe(no_mangle)]
pub extern "C" fn network_start() -> *mut i8 {
    SESSION.set(Session::from_bytes(Segmenter::built_in()).ok());
    session(std::ptr::null_mut(), |session| {
        session
            .input_mut(0)
            .map_or(std::ptr::null_mut(), <[i8]>::as_mut_ptr)
    })
}

/// Runs once. The answer lies there, `[224, 224]` signed bytes, until the next run, which may also overwrite the input.
#[unsafe(no_mangle)]
pub extern "C" fn network_run() -> *const i8 {
    session(std::ptr::null(), |session| {
        session.run();
        session
            .output_data(0)
            .map_or(std::ptr::null(), <[i8]>::as_ptr)
    })
}
