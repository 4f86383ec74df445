// Forward and backward loops of the training network for one CPU core: what PyTorch spends three quarters of a step on.
//
// A layer is a convolution, batch normalisation by the batch's own statistics, and ReLU6 or nothing. Activations and their gradients
// are bfloat16 [N, H, W, C] without gaps (PyTorch's channels-last memory), C a multiple of 16: a step is bound by memory, so halves
// count twice. Sums are f32, statistics f64, weights f32 in the optimizer's hands. What a later pass of a layer needs again is
// kept while it is in the cache: statistics are summed as the convolution writes, and the gradient before normalisation
// exists for one block of rows, or one picture, at a time. Compiled by native.py for the machine at hand.

#ifdef __x86_64__
#include <immintrin.h>
#endif
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef unsigned short bf;
typedef float v16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef unsigned u32x16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef unsigned short h16 __attribute__((vector_size(32), aligned(2), may_alias));
#define INLINE static inline __attribute__((always_inline))
INLINE v16 load(const float *p) { return *(const v16 *)p; }
INLINE v16 load(const bf *p) { return (v16)(__builtin_convertvector(*(const h16 *)p, u32x16) << 16); }
INLINE void store(float *p, v16 v) { *(v16 *)p = v; }
INLINE void store(bf *p, v16 v) {
#ifdef __AVX512BF16__
    *(h16 *)p = (h16)_mm512_cvtneps_pbh((__m512)v);
#else
    u32x16 bits = (u32x16)v;
    *(h16 *)p = __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, h16);
#endif
}
INLINE v16 low(v16 a, v16 b) { return a < b ? a : b; }
INLINE v16 high(v16 a, v16 b) { return a > b ? a : b; }
#define ZERO (v16{})

// Batch normalisation's arrays of one layer, each [c]. `slope` and `offset` belong to the gradient.
struct Norm {
    const float *gain, *shift, *slope, *offset;
    int relu6;
};

// The gradient after normalisation and ReLU6, where ReLU6 lets it through.
INLINE v16 gated(v16 d, v16 x, v16 gain, v16 shift, int relu6) {
    if (!relu6) return d;
    v16 z = x * gain + shift;
    d = z > ZERO ? d : ZERO;
    return z < ZERO + 6 ? d : ZERO;
}

// The gradient before normalisation.
INLINE v16 before(const bf *d, const bf *raw, const Norm *norm, int b) {
    v16 gain = load(norm->gain + b), x = load(raw + b);
    v16 v = gated(load(d + b), x, gain, load(norm->shift + b), norm->relu6);
    return v * gain + x * load(norm->slope + b) + load(norm->offset + b);
}

// ---- Products: bfloat16 pairs along the summed side ---------------------------------------------------------------------

// sum + first * even values + second * odd values of 16 pairs.
INLINE v16 pairs(v16 sum, const bf *two, const bf *w) {
#ifdef __AVX512BF16__
    int both;
    memcpy(&both, two, 4);
    return (v16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(both), (__m512bh)_mm512_loadu_si512(w));
#else
    u32x16 bits = *(const u32x16 *)w;
    unsigned first = (unsigned)two[0] << 16, second = (unsigned)two[1] << 16;
    float a, b;
    memcpy(&a, &first, 4), memcpy(&b, &second, 4);
    return sum + a * (v16)(bits << 16) + b * (v16)(bits & 0xffff0000u);
#endif
}

// A tile of R x 16 B sums: rows of a lie `across` apart, the other side is [count, n, 2].
template <int R, int B> INLINE void tile(v16 (&sum)[R][B], const bf *a, long across, const bf *w, int n, int count) {
    for (int r = 0; r < R; r++)
        for (int b = 0; b < B; b++) sum[r][b] = ZERO;
    for (int p = 0; p < count; p++, a += 2, w += 2 * n)
        for (int r = 0; r < R; r++)
            for (int b = 0; b < B; b++) sum[r][b] = pairs(sum[r][b], a + r * across, w + 32 * b);
}

// Where a product's tiles go.
struct Rounded { // bfloat16 [m, n]; sums and squares per column are added up where asked for
    bf *y;
    int n;
    float *sums, *squares;
    template <int R, int B> void take(const v16 (&sum)[R][B], long row, int column) const {
        for (int r = 0; r < R; r++)
            for (int b = 0; b < B; b++) store(y + (row + r) * n + column + 16 * b, sum[r][b]);
        if (!sums) return;
        for (int b = 0; b < B; b++) {
            v16 s = ZERO, q = ZERO;
            for (int r = 0; r < R; r++) s += sum[r][b], q += sum[r][b] * sum[r][b];
            store(sums + column + 16 * b, load(sums + column + 16 * b) + s);
            store(squares + column + 16 * b, load(squares + column + 16 * b) + q);
        }
    }
};

struct Added { // f32 [m, n] +=
    float *y;
    int n;
    template <int R, int B> void take(const v16 (&sum)[R][B], long row, int column) const {
        for (int r = 0; r < R; r++)
            for (int b = 0; b < B; b++) {
                float *at = y + (row + r) * n + column + 16 * b;
                store(at, load(at) + sum[r][b]);
            }
    }
};

#ifdef __AMX_BF16__
// Tiles 0 to 3 are sums; 4 and 5 hold 32 values of the summed side, 6 and 7 a last 16.
struct Tiles {
    unsigned char palette = 1, start = 0, reserved[14] = {};
    unsigned short bytes[16] = {64, 64, 64, 64, 64, 64, 32, 64};
    unsigned char rows[16] = {16, 16, 16, 16, 16, 16, 16, 8};
};

// Asks Linux for the tile registers, once a thread.
INLINE void tiles_ready() {
    static thread_local bool asked = false;
    if (!asked) syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18 /* tile data */), asked = true;
    Tiles tiles;
    _tile_loadconfig(&tiles);
}

#define EACH_TILE(what)         \
    what(0);                    \
    if (blocks > 1) { what(1); } \
    if (blocks > 2) { what(2); } \
    if (blocks > 3) { what(3); }

template <class Out> INLINE void product(const bf *a, long across, const bf *w, int n, int count, long rows, const Out &out) {
    tiles_ready();
    v16 sum[4][16][1];
    for (long row = 0; row < rows; row += 16)
        for (int j = 0; j < n; j += 64) {
            int blocks = (n - j) / 16, p = 0;
            const bf *left = a + row * across, *right = w + 2 * j;
#define CLEAR(b) _tile_zero(b)
            EACH_TILE(CLEAR)
            for (; p + 16 <= count; p += 16, left += 32, right += 32 * n) {
                _tile_loadd(4, left, 2 * across);
#define MULTIPLY(b) _tile_loadd(5, right + 32 * b, 4 * n); _tile_dpbf16ps(b, 4, 5)
                EACH_TILE(MULTIPLY)
            }
            if (p < count) {
                _tile_loadd(6, left, 2 * across);
#define MULTIPLY_LAST(b) _tile_loadd(7, right + 32 * b, 4 * n); _tile_dpbf16ps(b, 6, 7)
                EACH_TILE(MULTIPLY_LAST)
            }
#define TAKE(b) _tile_stored(b, sum[b], 64); out.take(sum[b], row, j + 16 * b)
            EACH_TILE(TAKE)
        }
}
#else
template <int R, int B, class Out>
INLINE void columns(const bf *a, long across, const bf *w, int n, int count, long rows, int column, const Out &out) {
    v16 sum[R][B];
    for (long row = 0; row < rows; row += R) {
        tile(sum, a + row * across, across, w + 2 * column, n, count);
        out.take(sum, row, column);
    }
}

// rows and n are multiples of 16, count of 8.
template <class Out> INLINE void product(const bf *a, long across, const bf *w, int n, int count, long rows, const Out &out) {
    for (int j = 0; j < n;) {
        int left = (n - j) / 16;
        if (left >= 4) columns<4, 4>(a, across, w, n, count, rows, j, out), j += 64;
        else if (left == 3) columns<8, 3>(a, across, w, n, count, rows, j, out), j += 48;
        else if (left == 2) columns<8, 2>(a, across, w, n, count, rows, j, out), j += 32;
        else columns<16, 1>(a, across, w, n, count, rows, j, out), j += 16;
    }
}
#endif

#define WIDEST 768
#define BLOCK 128 // rows of pixels

// 16 values of two rows as pairs.
INLINE u32x16 interleaved(const bf *a, const bf *b) {
    return __builtin_convertvector(*(const h16 *)a, u32x16) | __builtin_convertvector(*(const h16 *)b, u32x16) << 16;
}

// y [n, BLOCK] = x [rows, n] turned; rows beyond a multiple of 32 come out as anything.
INLINE void turn(const bf *x, bf *y, int rows, int n) {
    u32x16 lane, square[16];
    for (unsigned i = 0; i < 16; i++) lane[i] = i;
    for (int r = 0; r < rows; r += 32)
        for (int j = 0; j < n; j += 16) {
            for (int p = 0; p < 16; p++) {
                int row = r + 2 * p < rows ? r + 2 * p : r;
                square[p] = interleaved(x + row * n + j, x + (row + 1) * n + j);
            }
            for (unsigned side = 1; side < 16; side *= 2) {
                u32x16 swapped = (lane & side) != 0, near = swapped ? 16 + (lane ^ side) : lane, far = swapped ? 16 + lane : lane ^ side;
                for (int p = 0; p < 16; p++)
                    if (!(p & side)) {
                        u32x16 a = square[p], b = square[p + side];
                        square[p] = __builtin_shuffle(a, b, near), square[p + side] = __builtin_shuffle(a, b, far);
                    }
            }
            for (int p = 0; p < 16; p++) *(u32x16 *)(y + (j + p) * BLOCK + r) = square[p];
        }
}

INLINE void collect(float *part, double *whole, int n) {
    for (int j = 0; j < n; j++) whole[j] += part[j], part[j] = 0;
}

extern "C" {

// y [m, n] = x [m, k] * w, w as pairs [k / 2, n, 2]; m a multiple of 16. Also sums and squares per column, both [n].
void pointwise(const bf *x, const bf *w, bf *y, long m, int k, int n, double *sums, double *squares) {
    float part[2][WIDEST] = {};
    memset(sums, 0, sizeof(double) * n), memset(squares, 0, sizeof(double) * n);
    for (long start = 0; start < m; start += 128) {
        long rows = start + 128 < m ? 128 : m - start;
        product(x + start * k, k, w, n, k / 2, rows, Rounded{y + start * n, n, part[0], part[1]});
        collect(part[0], sums, n), collect(part[1], squares, n);
    }
}

// Gradients of a pointwise layer from d [m, n] and raw [m, n]: dx [m, k] unless null, by `back`, pairs [n / 2, k, 2]; dw [k, n] +=.
void pointwise_gradient(const bf *x, const bf *d, const bf *raw, const bf *back, bf *dx, float *dw, long m, int k, int n, const Norm *norm) {
    static thread_local bf inner[BLOCK * WIDEST], inner_pairs[BLOCK * WIDEST], turned[BLOCK * WIDEST];
    for (long start = 0; start < m; start += BLOCK) {
        int rows = start + BLOCK < m ? BLOCK : m - start;
        for (int r = 0; r < rows; r++)
            for (int b = 0; b < n; b += 16) store(inner + r * n + b, before(d + (start + r) * n, raw + (start + r) * n, norm, b));
        if (dx) product(inner, n, back, k, n / 2, rows, Rounded{dx + start * k, k, 0, 0});
        for (int r = 0; r < rows; r += 2)
            for (int b = 0; b < n; b += 16)
                *(u32x16 *)(inner_pairs + r * n + 2 * b) = interleaved(inner + r * n + b, inner + (r + 1) * n + b);
        turn(x + start * k, turned, rows, k);
        product(turned, BLOCK, inner_pairs, n, rows / 2, k, Added{dw, n});
    }
}

// Patches [n, h / 2, w / 2, 16 k] of a picture f32 [n, h, w, c], c 3 or 4, for a 3x3 convolution with stride 2, padded below and at the
// right; 9 c values (row, column, channel) and zeros up to 32 or 48 each.
void patches(const float *x, bf *y, int n, int h, int w, int c) {
    int length = (9 * c + 15) / 16 * 16;
    for (int i = 0; i < n; i++)
        for (int oy = 0; oy < h / 2; oy++)
            for (int ox = 0; ox < w / 2; ox++, y += length) {
                float values[48] = {};
                int wide = 2 * ox + 3 > w ? 2 * c : 3 * c;
                for (int ky = 0; ky < 3 && 2 * oy + ky < h; ky++)
                    for (int j = 0; j < wide; j++) values[3 * c * ky + j] = x[(((long)i * h + 2 * oy + ky) * w + 2 * ox) * c + j];
                for (int j = 0; j < length; j += 16) store(y + j, load(values + j));
            }
}

// ---- Depthwise: one picture at a time, widened to f32 in `scratch` ------------------------------------------------------

struct Shape {
    int n, h, w, c, stride, dilation, before, oh, ow;
};

// Columns [first, last) of the output whose taps all lie inside the input.
INLINE void inside(const Shape *s, int k, int *first, int *last) {
    int reach = (k - 1) * s->dilation;
    *first = (s->before + s->stride - 1) / s->stride;
    int end = s->w - 1 - reach + s->before;
    *last = end < 0 ? 0 : end / s->stride + 1;
    if (*first > s->ow) *first = s->ow;
    if (*last > s->ow) *last = s->ow;
    if (*last < *first) *last = *first;
}

INLINE void depthwise_row(const float *const *rows, const float *w, float *y, const Shape *s, int k) {
    int first, last, c = s->c;
    inside(s, k, &first, &last);
    for (int b = 0; b < c; b += 16) {
        v16 taps[25];
        for (int t = 0; t < k * k; t++) taps[t] = load(w + t * c + b);
        for (int x = 0; x < s->ow; x++) {
            int from = x * s->stride - s->before;
            v16 sum = ZERO;
            if (x >= first && x < last) {
                for (int ky = 0; ky < k; ky++)
                    for (int kx = 0; kx < k; kx++)
                        sum += load(rows[ky] + (long)(from + kx * s->dilation) * c + b) * taps[ky * k + kx];
            } else {
                for (int kx = 0; kx < k; kx++) {
                    int at = from + kx * s->dilation;
                    if (at < 0 || at >= s->w) continue;
                    for (int ky = 0; ky < k; ky++) sum += load(rows[ky] + (long)at * c + b) * taps[ky * k + kx];
                }
            }
            store(y + (long)x * c + b, sum);
        }
    }
}

INLINE void rows_of(const float **rows, const float *x, const float *zeros, const Shape *s, int k, int y) {
    for (int ky = 0; ky < k; ky++) {
        int at = y * s->stride - s->before + ky * s->dilation;
        rows[ky] = at < 0 || at >= s->h ? zeros : x + (long)at * s->w * s->c;
    }
}

INLINE void depthwise_picture(const float *x, const float *w, float *y, const float *zeros, const Shape *s, int k) {
    const float *rows[5];
    for (int oy = 0; oy < s->oh; oy++) {
        rows_of(rows, x, zeros, s, k, oy);
        if (k == 3) depthwise_row(rows, w, y + (long)oy * s->ow * s->c, s, 3);
        else depthwise_row(rows, w, y + (long)oy * s->ow * s->c, s, 5);
    }
}

INLINE void widen(const bf *x, float *y, long count) {
    for (long i = 0; i < count; i += 16) store(y + i, load(x + i));
}

INLINE void narrow(const float *x, bf *y, long count) {
    for (long i = 0; i < count; i += 16) store(y + i, load(x + i));
}

// y [n, oh, ow, c] from x [n, h, w, c], sums and squares per channel; `zeros` is one row, `scratch` holds a picture of x and one of y.
void depthwise(const bf *x, const float *w, bf *y, const float *zeros, float *scratch, const Shape *s, int k, double *sums, double *squares) {
    long in = (long)s->h * s->w * s->c, out = (long)s->oh * s->ow * s->c;
    float part[2][WIDEST] = {}, *wide = scratch + in;
    memset(sums, 0, sizeof(double) * s->c), memset(squares, 0, sizeof(double) * s->c);
    for (int n = 0; n < s->n; n++, x += in, y += out) {
        widen(x, scratch, in);
        depthwise_picture(scratch, w, wide, zeros, s, k);
        narrow(wide, y, out);
        for (int oy = 0; oy < s->oh; oy++) {
            const float *line = wide + (long)oy * s->ow * s->c;
            for (int b = 0; b < s->c; b += 16) {
                v16 sum = ZERO, square = ZERO;
                for (int ox = 0; ox < s->ow; ox++) {
                    v16 v = load(line + ox * s->c + b);
                    sum += v, square += v * v;
                }
                store(part[0] + b, load(part[0] + b) + sum), store(part[1] + b, load(part[1] + b) + square);
            }
            collect(part[0], sums, s->c), collect(part[1], squares, s->c);
        }
    }
}

INLINE void filter_row(const float *const *rows, const float *d, float *w, const Shape *s, int k) {
    int first, last, c = s->c;
    inside(s, k, &first, &last);
    for (int b = 0; b < c; b += 16) {
        v16 sum[25];
        for (int t = 0; t < k * k; t++) sum[t] = load(w + t * c + b);
        for (int x = first; x < last; x++) {
            v16 value = load(d + (long)x * c + b);
            const float *base[5];
            for (int ky = 0; ky < k; ky++) base[ky] = rows[ky] + (long)(x * s->stride - s->before) * c + b;
            for (int ky = 0; ky < k; ky++)
                for (int kx = 0; kx < k; kx++) sum[ky * k + kx] += value * load(base[ky] + (long)kx * s->dilation * c);
        }
        for (int t = 0; t < k * k; t++) store(w + t * c + b, sum[t]);
        for (int x = 0; x < s->ow; x++) {
            if (x >= first && x < last) { x = last - 1; continue; }
            v16 value = load(d + (long)x * c + b);
            for (int kx = 0; kx < k; kx++) {
                int at = x * s->stride - s->before + kx * s->dilation;
                if (at < 0 || at >= s->w) continue;
                for (int ky = 0; ky < k; ky++) {
                    float *slot = w + (ky * k + kx) * c + b;
                    store(slot, load(slot) + value * load(rows[ky] + (long)at * c + b));
                }
            }
        }
    }
}

// dx [h, w, c] = d spread through the filter: the gradient of a strided layer's input.
INLINE void depthwise_spread(const float *d, const float *w, float *dx, const Shape *s, int k) {
    int c = s->c;
    memset(dx, 0, sizeof(float) * s->h * s->w * c);
    for (int oy = 0; oy < s->oh; oy++)
        for (int ky = 0; ky < k; ky++) {
            int y = oy * s->stride - s->before + ky * s->dilation;
            if (y < 0 || y >= s->h) continue;
            float *row = dx + (long)y * s->w * c;
            const float *in = d + (long)oy * s->ow * c;
            for (int ox = 0; ox < s->ow; ox++)
                for (int kx = 0; kx < k; kx++) {
                    int x = ox * s->stride - s->before + kx * s->dilation;
                    if (x < 0 || x >= s->w) continue;
                    for (int b = 0; b < c; b += 16) {
                        float *slot = row + (long)x * c + b;
                        store(slot, load(slot) + load(in + (long)ox * c + b) * load(w + (ky * k + kx) * c + b));
                    }
                }
        }
}

// Gradients of a depthwise layer from d and raw [n, oh, ow, c]: dx [n, h, w, c] by the taps (`flipped` end to end for stride 1);
// dw [k * k, c] +=. `scratch` holds two pictures of x and one of y.
void depthwise_gradient(const bf *x, const bf *d, const bf *raw, const float *w, const float *flipped, bf *dx, float *dw, const float *zeros,
                        float *scratch, const Shape *s, int k, const Norm *norm) {
    long in = (long)s->h * s->w * s->c, out = (long)s->oh * s->ow * s->c;
    float *wide = scratch, *back = scratch + in, *inner = scratch + 2 * in;
    Shape turned = {1, s->h, s->w, s->c, 1, s->dilation, (k - 1) * s->dilation - s->before, s->h, s->w};
    for (int n = 0; n < s->n; n++, x += in, dx += in, d += out, raw += out) {
        for (long i = 0; i < out; i += s->c)
            for (int b = 0; b < s->c; b += 16) store(inner + i + b, before(d + i, raw + i, norm, b));
        widen(x, wide, in);
        const float *rows[5];
        for (int oy = 0; oy < s->oh; oy++) {
            rows_of(rows, wide, zeros, s, k, oy);
            if (k == 3) filter_row(rows, inner + (long)oy * s->ow * s->c, dw, s, 3);
            else filter_row(rows, inner + (long)oy * s->ow * s->c, dw, s, 5);
        }
        if (s->stride == 1) depthwise_picture(inner, flipped, back, zeros, &turned, k);
        else depthwise_spread(inner, w, back, s, k);
        narrow(back, dx, in);
    }
}

// ---- Batch normalisation with ReLU6 ------------------------------------------------------------------------------------

// y = x * gain + shift, between 0 and 6 where `relu6`.
void normalise(const bf *x, bf *y, long m, int c, const Norm *norm) {
    v16 six = ZERO + 6;
    for (long r = 0; r < m; r++, x += c, y += c)
        for (int b = 0; b < c; b += 16) {
            v16 v = load(x + b) * load(norm->gain + b) + load(norm->shift + b);
            store(y + b, norm->relu6 ? low(high(v, ZERO), six) : v);
        }
}

// Sums of the gated gradient and of it times x, per channel.
void gradient_moments(const bf *d, const bf *x, long m, int c, const Norm *norm, double *sum, double *product) {
    memset(sum, 0, sizeof(double) * c), memset(product, 0, sizeof(double) * c);
    for (long start = 0; start < m; start += BLOCK) {
        long end = start + BLOCK < m ? start + BLOCK : m;
        for (int b = 0; b < c; b += 16) {
            v16 g = load(norm->gain + b), h = load(norm->shift + b), s = ZERO, q = ZERO;
            for (long r = start; r < end; r++) {
                v16 value = load(x + r * c + b), v = gated(load(d + r * c + b), value, g, h, norm->relu6);
                s += v, q += v * value;
            }
            for (int i = 0; i < 16; i++) sum[b + i] += s[i], product[b + i] += q[i];
        }
    }
}

// ---- 2x bilinear, half-pixel centres -----------------------------------------------------------------------------------

// y [n, 2h, 2w, c]; `row` is scratch of one input row.
void up(const bf *x, bf *y, float *row, int n, int h, int w, int c) {
    for (int i = 0; i < n; i++)
        for (int oy = 0; oy < 2 * h; oy++) {
            int near = oy / 2, far = oy & 1 ? near + 1 : near - 1;
            far = far < 0 ? 0 : far >= h ? h - 1 : far;
            const bf *a = x + ((long)i * h + near) * w * c, *b = x + ((long)i * h + far) * w * c;
            for (int j = 0; j < w * c; j += 16) store(row + j, 0.75f * load(a + j) + 0.25f * load(b + j));
            bf *out = y + ((long)i * 2 * h + oy) * 2 * w * c;
            for (int j = 0; j < w; j++) {
                const float *l = row + (j ? j - 1 : 0) * c, *m = row + j * c, *r = row + (j + 1 < w ? j + 1 : j) * c;
                bf *even = out + 2 * j * c, *odd = even + c;
                for (int k = 0; k < c; k += 16) {
                    v16 middle = 0.75f * load(m + k);
                    store(even + k, middle + 0.25f * load(l + k)), store(odd + k, middle + 0.25f * load(r + k));
                }
            }
        }
}

// dx [n, h, w, c] = the transposed of `up` of d [n, 2h, 2w, c]; `scratch` holds a picture of dx and one of its rows.
void up_gradient(const bf *d, bf *dx, float *scratch, int n, int h, int w, int c) {
    float *row = scratch + (long)h * w * c;
    for (int i = 0; i < n; i++) {
        memset(scratch, 0, sizeof(float) * h * w * c);
        for (int oy = 0; oy < 2 * h; oy++) {
            int near = oy / 2, far = oy & 1 ? near + 1 : near - 1;
            far = far < 0 ? 0 : far >= h ? h - 1 : far;
            const bf *in = d + ((long)i * 2 * h + oy) * 2 * w * c;
            for (int j = 0; j < w; j++) {
                const bf *even = in + 2 * j * c, *odd = even + c;
                const bf *before = j ? odd - 2 * c : even, *after = j + 1 < w ? even + 2 * c : odd;
                for (int k = 0; k < c; k += 16)
                    store(row + j * c + k, 0.75f * (load(even + k) + load(odd + k)) + 0.25f * (load(before + k) + load(after + k)));
            }
            float *a = scratch + (long)near * w * c, *b = scratch + (long)far * w * c;
            for (int j = 0; j < w * c; j += 16) store(a + j, load(a + j) + 0.75f * load(row + j));
            for (int j = 0; j < w * c; j += 16) store(b + j, load(b + j) + 0.25f * load(row + j));
        }
        narrow(scratch, dx + (long)i * h * w * c, (long)h * w * c);
    }
}

// ---- Pictures seen through a matrix -----------------------------------------------------------------------------------

// Where along a side of `size` pixels a place lies: the pixel before it, and the weights of that and the next; beyond the border the side
// is mirrored, or counts nothing.
INLINE void place(float at, int size, int mirrored, int *first, float *before, float *after) {
    if (mirrored) {
        at = __builtin_fabsf(at + 0.5f);
        at -= 2 * size * __builtin_floorf(at / (2 * size));
        at = (at < size ? at : 2 * size - at) - 0.5f;
        at = at < 0 ? 0 : at > size - 1 ? size - 1 : at;
    } else at = at < -1 ? -1 : at > size ? size : at;
    int i = (int)__builtin_floorf(at), inner = i < 0 ? 0 : i > size - 2 ? size - 2 : i;
    float share = at - i, near = i >= 0 && i < size ? 1 - share : 0, far = i + 1 >= 0 && i + 1 < size ? share : 0;
    *first = inner;
    *before = i == inner ? near : i < inner ? far : 0, *after = i == inner ? far : i > inner ? near : 0;
}

// The two values at 16 places of a picture; the two bytes before it are read, not used.
INLINE void beside(const unsigned char *p, const int *at, v16 *one, v16 *next) {
#ifdef __AVX512F__
    __m512i four = _mm512_i32gather_epi32(_mm512_loadu_si512(at), p - 2, 1);
    *one = (v16)_mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(four, 16), _mm512_set1_epi32(255)));
    *next = (v16)_mm512_cvtepi32_ps(_mm512_srli_epi32(four, 24));
#else
    for (int i = 0; i < 16; i++) (*one)[i] = p[at[i]], (*next)[i] = p[at[i] + 1];
#endif
}

// y [n, c, side, side] = pictures [.., c, h, w] / 255 where rows of `theta` [n, 2, 3] point, as PyTorch's affine grids do; bilinear, beyond the
// border mirrored or 0. `scratch` holds five values for each pixel of a row, of which there are a multiple of 16.
void warp(const unsigned char *pictures, const long *indices, const float *theta, float *y, float *scratch, int n, int c, int h, int w, int side,
          int mirrored) {
    int *__restrict at = (int *)scratch;
    float *__restrict above = scratch + side, *__restrict above_next = above + side, *__restrict below = above_next + side;
    float *__restrict below_next = below + side;
    for (int i = 0; i < n; i++) {
        const float *t = theta + 6 * i;
        const unsigned char *picture = pictures + indices[i] * c * h * w;
        for (int oy = 0; oy < side; oy++) {
            float v = (2 * oy + 1.0f) / side - 1, x = t[1] * v + t[2] + 1, y_step = t[3], y_from = t[4] * v + t[5] + 1, x_step = t[0];
            for (int ox = 0; ox < side; ox++) {
                float u = (2 * ox + 1.0f) / side - 1, a, b, up, down;
                int left, top;
                place(((x_step * u + x) * w - 1) / 2, w, mirrored, &left, &a, &b);
                place(((y_step * u + y_from) * h - 1) / 2, h, mirrored, &top, &up, &down);
                up *= 1 / 255.0f, down *= 1 / 255.0f;
                at[ox] = top * w + left;
                above[ox] = a * up, above_next[ox] = b * up, below[ox] = a * down, below_next[ox] = b * down;
            }
            for (int k = 0; k < c; k++) {
                const unsigned char *from = picture + (long)k * h * w;
                float *to = y + (((long)i * c + k) * side + oy) * side;
                for (int ox = 0; ox < side; ox += 16) {
                    v16 p, q, r, s;
                    beside(from, at + ox, &p, &q), beside(from + w, at + ox, &r, &s);
                    store(to + ox, p * load(above + ox) + q * load(above_next + ox) + r * load(below + ox) + s * load(below_next + ox));
                }
            }
        }
    }
}

// ---- Where the alpha changes ------------------------------------------------------------------------------------------

// y [n, h, w] = largest minus smallest x within `reach` pixels, a square window; `high` and `low` hold one row each.
void spread(const float *x, float *y, float *most, float *least, int n, int h, int w, int reach) {
    for (int i = 0; i < n * h; i++) {
        int row = i % h, first = row < reach ? -row : -reach, last = row + reach < h ? reach : h - 1 - row;
        for (int j = 0; j < w; j++) most[j] = least[j] = x[(long)i * w + j];
        for (int k = first; k <= last; k++) {
            const float *line = x + (long)(i + k) * w;
            for (int j = 0; j < w; j++) {
                most[j] = most[j] > line[j] ? most[j] : line[j];
                least[j] = least[j] < line[j] ? least[j] : line[j];
            }
        }
        float *out = y + (long)i * w;
        for (int j = 0; j < w; j++) {
            int from = j < reach ? 0 : j - reach, to = j + reach < w ? j + reach : w - 1;
            float a = most[from], b = least[from];
            for (int k = from + 1; k <= to; k++) {
                a = a > most[k] ? a : most[k];
                b = b < least[k] ? b : least[k];
            }
            out[j] = a - b;
        }
    }
}
}
