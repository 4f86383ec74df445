//! The functions that JavaScript calls. `apps/web/npm/src/engine.ts` is their only caller.
//!
//! A function that can be refused returns 0 when it worked and 1 when not; then the text is the reason. Texts go both ways through
//! one buffer: [`hypercut_text_room`] makes room, the caller writes UTF-8. Pointers stay good until the next call.
#![expect(
    unsafe_code,
    reason = "`no_mangle` is an unsafe attribute; there is no unsafe block"
)]
use std::cell::RefCell;

use crate::listing;
use crate::studio::{Matte, Studio};

/// The module's state. A WebAssembly instance has one thread.
#[derive(Default)]
struct State {
    studio: Option<Studio>,
    text: Vec<u8>,
    file: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

fn state<R>(act: impl FnOnce(&mut State) -> R) -> R {
    STATE.with(|state| act(&mut state.borrow_mut()))
}

/// Runs `act` on the studio and turns its answer into a status and a text.
fn attempt(act: impl FnOnce(&mut Studio, &mut State) -> Result<Option<String>, String>) -> i32 {
    state(|state| {
        let Some(mut studio) = state.studio.take() else {
            state.text = b"hypercut_start was not called".to_vec();
            return 1;
        };
        let answer = act(&mut studio, state);
        state.studio = Some(studio);
        match answer {
            Ok(None) => 0,
            Ok(Some(text)) => {
                state.text = text.into_bytes();
                0
            }
            Err(reason) => {
                state.text = reason.into_bytes();
                1
            }
        }
    })
}

fn with_studio<R>(otherwise: R, act: impl FnOnce(&mut Studio) -> R) -> R {
    state(|state| state.studio.as_mut().map_or(otherwise, act))
}

fn text_of(state: &State) -> Result<String, String> {
    String::from_utf8(state.text.clone()).map_err(|_| "the text is not UTF-8".into())
}

/// Loads the network; to be called once, first.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_start() -> i32 {
    state(|state| match Studio::new() {
        Ok(studio) => {
            state.studio = Some(studio);
            0
        }
        Err(reason) => {
            state.text = reason.into_bytes();
            1
        }
    })
}

/// Makes the effects and their options the text, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_effects() {
    state(|state| state.text = listing::effects().into_bytes());
}

/// Where the text begins.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_text() -> *const u8 {
    state(|state| state.text.as_ptr())
}

/// How many bytes the text has.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_text_len() -> usize {
    state(|state| state.text.len())
}

/// Room for a text of `len` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_text_room(len: usize) -> *mut u8 {
    state(|state| {
        state.text.resize(len, 0);
        state.text.as_mut_ptr()
    })
}

/// Room for a file of `len` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_file_room(len: usize) -> *mut u8 {
    state(|state| {
        state.file.resize(len, 0);
        state.file.as_mut_ptr()
    })
}

/// Where the file that was written last begins.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_file() -> *const u8 {
    state(|state| state.file.as_ptr())
}

/// How many bytes that file has.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_file_len() -> usize {
    state(|state| state.file.len())
}

/// Gives the file's memory back.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_file_drop() {
    state(|state| state.file = Vec::new());
}

/// Room for the frame, RGBA; null when the size is refused.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_frame_room(width: usize, height: usize) -> *mut u8 {
    with_studio(std::ptr::null_mut(), |studio| {
        studio
            .frame_mut(width, height)
            .map_or(std::ptr::null_mut(), <[u8]>::as_mut_ptr)
    })
}

/// Where the frame begins.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_frame() -> *const u8 {
    with_studio(std::ptr::null(), |studio| studio.frame().as_ptr())
}

/// Pixels per row of the frame.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_width() -> usize {
    with_studio(0, |studio| studio.size().0)
}

/// Rows of the frame.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_height() -> usize {
    with_studio(0, |studio| studio.size().1)
}

/// Room for an upload, RGBA; null when the size is refused.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_upload_room(width: usize, height: usize) -> *mut u8 {
    with_studio(std::ptr::null_mut(), |studio| {
        studio
            .upload_mut(width, height)
            .map_or(std::ptr::null_mut(), <[u8]>::as_mut_ptr)
    })
}

/// Reads the file, a PNG, as the upload.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_upload_png() -> i32 {
    attempt(|studio, state| {
        let file = std::mem::take(&mut state.file);
        studio.upload_png(&file).map(|()| None)
    })
}

/// Makes the upload the frame.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_take_frame() -> i32 {
    attempt(|studio, _| studio.take_frame().map(|()| None))
}

/// Makes the upload the picture for the option that the text names.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_take_picture() -> i32 {
    attempt(|studio, state| studio.take_picture(&text_of(state)?).map(|()| None))
}

/// Makes the upload the logo.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_take_logo() -> i32 {
    attempt(|studio, _| studio.take_logo().map(|()| None))
}

/// Chooses the effect that the text describes, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_choose() -> i32 {
    attempt(|studio, state| studio.choose(&text_of(state)?).map(|()| None))
}

/// Finds the person in the frame, which follows the one before in a video unless `live` is 0; the text is the verdict, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_segment(live: i32) -> i32 {
    attempt(|studio, _| studio.segment(live != 0).map(Some))
}

/// Where the mask begins, one byte per pixel of the frame.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_mask() -> *const u8 {
    with_studio(std::ptr::null(), |studio| studio.mask().as_ptr())
}

/// Draws the effect, with the logo unless `logo` is 0.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_compose(logo: i32) -> i32 {
    attempt(|studio, _| studio.compose(logo != 0).map(|()| None))
}

/// Makes the result RGBA. Under transparent parts comes nothing (-2), squares (-1) or a colour (0xrrggbb).
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_flatten(matte: i32) {
    let matte = match u32::try_from(matte) {
        Ok(colour) => {
            let [_, r, g, b] = colour.to_be_bytes();
            Some(Matte::Colour([r, g, b]))
        }
        Err(_) if matte == -1 => Some(Matte::Squares),
        Err(_) => None,
    };
    with_studio((), |studio| studio.flatten(matte));
}

/// Where the result begins.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_output() -> *const u8 {
    with_studio(std::ptr::null(), |studio| studio.output().as_ptr())
}

/// How many bytes the result has; 0 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_output_len() -> usize {
    with_studio(0, |studio| studio.output().len())
}

/// Bytes per pixel of the result.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_channels() -> usize {
    with_studio(0, |studio| studio.channels())
}

/// Writes the result as a PNG file.
#[unsafe(no_mangle)]
pub extern "C" fn hypercut_png() -> i32 {
    attempt(|studio, state| {
        state.file = studio.png()?;
        Ok(None)
    })
}
