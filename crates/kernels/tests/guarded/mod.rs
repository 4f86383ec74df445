//! Memory that ends where no byte may be touched.
// Each test program that takes this file uses a part of it.
#![allow(dead_code, unreachable_pub)]
use std::ffi::{c_int, c_long, c_void};

unsafe extern "C" {
    fn mmap(
        address: *mut c_void,
        len: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: c_long,
    ) -> *mut c_void;
    fn mprotect(address: *mut c_void, len: usize, protection: c_int) -> c_int;
}

const READ_WRITE: c_int = 3;
const NONE: c_int = 0;
const PRIVATE_ANONYMOUS: c_int = 0x22;
/// A multiple of every page size in use.
const PAGES: usize = 1 << 16;
const ROOM: usize = 16 * PAGES;

/// Memory that ends at a page that may not be touched. Stays mapped until the process ends.
pub struct Guarded(*mut i8);

impl Guarded {
    /// New memory.
    pub fn new() -> Self {
        // SAFETY: a new anonymous mapping, of which the last pages are locked.
        unsafe {
            let flags = PRIVATE_ANONYMOUS;
            let start = mmap(std::ptr::null_mut(), ROOM + PAGES, READ_WRITE, flags, -1, 0);
            assert_ne!(start as isize, -1, "mmap");
            assert_eq!(mprotect(start.byte_add(ROOM), PAGES, NONE), 0, "mprotect");
            Self(start.cast())
        }
    }

    /// The last `len` bytes before the guard.
    pub fn last(&mut self, len: usize) -> &mut [i8] {
        assert!(len <= ROOM);
        // SAFETY: within the mapping's writable part, borrowed through `self` alone.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(ROOM - len), len) }
    }

    /// The same as `len` floats: the guard begins at a multiple of their size.
    pub fn last_floats(&mut self, len: usize) -> &mut [f32] {
        let bytes = self.last(4 * len);
        // SAFETY: every bit pattern is a float, and the end of the bytes is aligned, so their beginning is too.
        unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) }
    }
}
