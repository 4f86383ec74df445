//! Four cells at a time.
use std::arch::x86_64::*;

use super::FULL_WEIGHT;

/// As [`super::push_row`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn push_row(cells: &mut [[f32; 4]], between: &[[f32; 4]]) {
    for (i, cells) in cells.chunks_mut(4).enumerate() {
        let around: &[[f32; 4]; 4] = between[2 * i..]
            .first_chunk()
            .expect("the row between has a margin");
        let mask = ((1u32 << (4 * cells.len())) - 1) as __mmask16;
        // SAFETY: the mask lets through as many cells of four numbers as `cells` has.
        let cell = unsafe { _mm512_maskz_loadu_ps(mask, cells.as_ptr().cast()) };
        // SAFETY: `around` is 64 readable bytes.
        let around = unsafe { _mm512_loadu_ps(around.as_ptr().cast()) };
        let drawn = push(cell, around);
        // SAFETY: as above, and `cells` is writable.
        unsafe { _mm512_mask_storeu_ps(cells.as_mut_ptr().cast(), mask, drawn) };
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn push(cell: __m512, around: __m512) -> __m512 {
    let weight = _mm512_shuffle_ps::<0b11_11_11_11>(cell, cell);
    let one = _mm512_set1_ps(1.0);
    let full = _mm512_mul_ps(cell, _mm512_div_ps(one, weight));
    let own = _mm512_set1_ps(1.0 / FULL_WEIGHT);
    let share = _mm512_mul_ps(weight, own);
    let is_full = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(share, one);
    let lack = _mm512_mul_ps(_mm512_sub_ps(one, share), _mm512_set1_ps(1.0 / 16.0));
    let near = _mm512_shuffle_f32x4::<0b10_10_01_01>(around, around);
    let far = _mm512_shuffle_f32x4::<0b11_01_10_00>(around, around);
    let sum = _mm512_add_ps(_mm512_mul_ps(near, _mm512_set1_ps(3.0)), far);
    let mixed = _mm512_add_ps(_mm512_mul_ps(cell, own), _mm512_mul_ps(sum, lack));
    _mm512_mask_mov_ps(mixed, is_full, full)
}
