// Forward and backward loops of the training network for one CPU core: what PyTorch spends three quarters of a step on.
//
// All tensors are f32 [N, H, W, C] without gaps (PyTorch's channels-last memory); C is a multiple of 16. Pointwise
// matrices are [in, out], depthwise filters [taps, C]. Compiled by native.py for the machine at hand.

#include <string.h>

extern "C" {

typedef float v16 __attribute__((vector_size(64), aligned(4), may_alias));
#define INLINE static inline __attribute__((always_inline))
INLINE v16 load(const float *p) { return *(const v16 *)p; }
INLINE void store(float *p, v16 v) { *(v16 *)p = v; }
INLINE v16 low(v16 a, v16 b) { return a < b ? a : b; }
INLINE v16 high(v16 a, v16 b) { return a > b ? a : b; }
#define ZERO (v16{})

// ---- Products: y [m, n] = x [m, k] * w [k, n] --------------------------------------------------------------------

INLINE void product_tile(const float *x, const float *w, float *y, int k, int n, int rows, int blocks) {
    v16 sum[16][4];
    for (int r = 0; r < rows; r++)
        for (int b = 0; b < blocks; b++) sum[r][b] = ZERO;
    for (int i = 0; i < k; i++) {
        v16 part[4];
        for (int b = 0; b < blocks; b++) part[b] = load(w + (long)i * n + 16 * b);
        for (int r = 0; r < rows; r++) {
            float value = x[(long)r * k + i];
            for (int b = 0; b < blocks; b++) sum[r][b] += value * part[b];
        }
    }
    for (int r = 0; r < rows; r++)
        for (int b = 0; b < blocks; b++) store(y + (long)r * n + 16 * b, sum[r][b]);
}

// m is a multiple of 16.
void product(const float *x, const float *w, float *y, long m, int k, int n) {
    for (long start = 0; start < m; start += 128) {
        long end = start + 128 < m ? start + 128 : m;
        for (int j = 0; j < n;) {
            int left = (n - j) / 16;
            if (left >= 4) {
                for (long r = start; r < end; r += 4) product_tile(x + r * k, w + j, y + r * n + j, k, n, 4, 4);
                j += 64;
            } else if (left == 3) {
                for (long r = start; r < end; r += 8) product_tile(x + r * k, w + j, y + r * n + j, k, n, 8, 3);
                j += 48;
            } else if (left == 2) {
                for (long r = start; r < end; r += 8) product_tile(x + r * k, w + j, y + r * n + j, k, n, 8, 2);
                j += 32;
            } else {
                for (long r = start; r < end; r += 16) product_tile(x + r * k, w + j, y + r * n + j, k, n, 16, 1);
                j += 16;
            }
        }
    }
}

INLINE void outer_tile(const float *x, const float *d, float *w, long rows, int k, int n, int count, int blocks) {
    v16 sum[16][4];
    for (int i = 0; i < count; i++)
        for (int b = 0; b < blocks; b++) sum[i][b] = load(w + (long)i * n + 16 * b);
    for (long r = 0; r < rows; r++) {
        v16 part[4];
        for (int b = 0; b < blocks; b++) part[b] = load(d + r * n + 16 * b);
        for (int i = 0; i < count; i++) {
            float value = x[r * k + i];
            for (int b = 0; b < blocks; b++) sum[i][b] += value * part[b];
        }
    }
    for (int i = 0; i < count; i++)
        for (int b = 0; b < blocks; b++) store(w + (long)i * n + 16 * b, sum[i][b]);
}

// w [k, n] += transposed x [m, k] * d [m, n]; k is a multiple of 16.
void outer(const float *x, const float *d, float *w, long m, int k, int n) {
    for (long start = 0; start < m; start += 128) {
        long rows = start + 128 < m ? 128 : m - start;
        const float *xs = x + start * k, *ds = d + start * n;
        for (int j = 0; j < n;) {
            int left = (n - j) / 16;
            if (left >= 4) {
                for (int i = 0; i < k; i += 4) outer_tile(xs + i, ds + j, w + (long)i * n + j, rows, k, n, 4, 4);
                j += 64;
            } else if (left == 3) {
                for (int i = 0; i < k; i += 8) outer_tile(xs + i, ds + j, w + (long)i * n + j, rows, k, n, 8, 3);
                j += 48;
            } else if (left == 2) {
                for (int i = 0; i < k; i += 8) outer_tile(xs + i, ds + j, w + (long)i * n + j, rows, k, n, 8, 2);
                j += 32;
            } else {
                for (int i = 0; i < k; i += 16) outer_tile(xs + i, ds + j, w + (long)i * n + j, rows, k, n, 16, 1);
                j += 16;
            }
        }
    }
}

// ---- Depthwise -----------------------------------------------------------------------------------------------------

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

INLINE void rows_of(const float **rows, const float *x, const float *zeros, const Shape *s, int k, int n, int y) {
    for (int ky = 0; ky < k; ky++) {
        int at = y * s->stride - s->before + ky * s->dilation;
        rows[ky] = at < 0 || at >= s->h ? zeros : x + ((long)n * s->h + at) * s->w * s->c;
    }
}

// y [n, oh, ow, c] from x [n, h, w, c]; `zeros` is one row of zeros.
void depthwise(const float *x, const float *w, float *y, const float *zeros, const Shape *s, int k) {
    const float *rows[5];
    for (int n = 0; n < s->n; n++)
        for (int oy = 0; oy < s->oh; oy++) {
            float *out = y + ((long)n * s->oh + oy) * s->ow * s->c;
            rows_of(rows, x, zeros, s, k, n, oy);
            if (k == 3) depthwise_row(rows, w, out, s, 3);
            else depthwise_row(rows, w, out, s, 5);
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

// w [k * k, c] += the filter's gradient from x and d [n, oh, ow, c].
void depthwise_filter(const float *x, const float *d, float *w, const float *zeros, const Shape *s, int k) {
    const float *rows[5];
    for (int n = 0; n < s->n; n++)
        for (int oy = 0; oy < s->oh; oy++) {
            const float *in = d + ((long)n * s->oh + oy) * s->ow * s->c;
            rows_of(rows, x, zeros, s, k, n, oy);
            if (k == 3) filter_row(rows, in, w, s, 3);
            else filter_row(rows, in, w, s, 5);
        }
}

// dx [n, h, w, c] (zeroed) += d spread through the filter: the gradient of a strided layer's input.
void depthwise_spread(const float *d, const float *w, float *dx, const Shape *s, int k) {
    int c = s->c;
    for (int n = 0; n < s->n; n++)
        for (int oy = 0; oy < s->oh; oy++)
            for (int ky = 0; ky < k; ky++) {
                int y = oy * s->stride - s->before + ky * s->dilation;
                if (y < 0 || y >= s->h) continue;
                float *row = dx + ((long)n * s->h + y) * s->w * c;
                const float *in = d + ((long)n * s->oh + oy) * s->ow * c;
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

// ---- Batch normalisation with ReLU6 --------------------------------------------------------------------------------

#define CHUNK 32

// Sums of x and of x * x per channel over m rows.
void moments(const float *x, long m, int c, double *sum, double *square) {
    memset(sum, 0, sizeof(double) * c);
    memset(square, 0, sizeof(double) * c);
    for (long start = 0; start < m; start += CHUNK) {
        long end = start + CHUNK < m ? start + CHUNK : m;
        for (int b = 0; b < c; b += 16) {
            v16 s = ZERO, q = ZERO;
            for (long r = start; r < end; r++) {
                v16 v = load(x + r * c + b);
                s += v, q += v * v;
            }
            for (int i = 0; i < 16; i++) sum[b + i] += s[i], square[b + i] += q[i];
        }
    }
}

// y = x * gain + shift, between 0 and 6 where `relu6`.
void normalise(const float *x, float *y, long m, int c, const float *gain, const float *shift, int relu6) {
    v16 six = ZERO + 6;
    for (long r = 0; r < m; r++, x += c, y += c)
        for (int b = 0; b < c; b += 16) {
            v16 v = load(x + b) * load(gain + b) + load(shift + b);
            store(y + b, relu6 ? low(high(v, ZERO), six) : v);
        }
}

INLINE v16 gated(const float *d, const float *x, v16 g, v16 s, int relu6) {
    v16 value = load(d);
    if (!relu6) return value;
    v16 z = load(x) * g + s;
    value = z > ZERO ? value : ZERO;
    return z < ZERO + 6 ? value : ZERO;
}

// Sums of the gated gradient and of it times x, per channel.
void gradient_moments(const float *d, const float *x, long m, int c, const float *gain, const float *shift, int relu6,
                      double *sum, double *product) {
    memset(sum, 0, sizeof(double) * c);
    memset(product, 0, sizeof(double) * c);
    for (long start = 0; start < m; start += CHUNK) {
        long end = start + CHUNK < m ? start + CHUNK : m;
        for (int b = 0; b < c; b += 16) {
            v16 g = load(gain + b), h = load(shift + b), s = ZERO, q = ZERO;
            for (long r = start; r < end; r++) {
                v16 v = gated(d + r * c + b, x + r * c + b, g, h, relu6);
                s += v, q += v * load(x + r * c + b);
            }
            for (int i = 0; i < 16; i++) sum[b + i] += s[i], product[b + i] += q[i];
        }
    }
}

// dx = gated d * gain + x * slope + offset; dx may be d.
void gradient_apply(const float *d, const float *x, float *dx, long m, int c, const float *gain, const float *shift,
                    int relu6, const float *slope, const float *offset) {
    for (long r = 0; r < m; r++, d += c, x += c, dx += c)
        for (int b = 0; b < c; b += 16) {
            v16 g = load(gain + b), v = gated(d + b, x + b, g, load(shift + b), relu6);
            store(dx + b, v * g + load(x + b) * load(slope + b) + load(offset + b));
        }
}

// ---- 2x bilinear, half-pixel centres --------------------------------------------------------------------------------

// y [n, 2h, 2w, c]; `row` is scratch of one input row.
void up(const float *x, float *y, float *row, int n, int h, int w, int c) {
    for (int i = 0; i < n; i++)
        for (int oy = 0; oy < 2 * h; oy++) {
            int near = oy / 2, far = oy & 1 ? near + 1 : near - 1;
            far = far < 0 ? 0 : far >= h ? h - 1 : far;
            const float *a = x + ((long)i * h + near) * w * c, *b = x + ((long)i * h + far) * w * c;
            for (int j = 0; j < w * c; j++) row[j] = 0.75f * a[j] + 0.25f * b[j];
            float *out = y + ((long)i * 2 * h + oy) * 2 * w * c;
            for (int j = 0; j < w; j++) {
                const float *l = row + (j ? j - 1 : 0) * c, *m = row + j * c, *r = row + (j + 1 < w ? j + 1 : j) * c;
                float *even = out + 2 * j * c, *odd = even + c;
                for (int k = 0; k < c; k++) {
                    even[k] = 0.75f * m[k] + 0.25f * l[k];
                    odd[k] = 0.75f * m[k] + 0.25f * r[k];
                }
            }
        }
}

// dx [n, h, w, c] (zeroed) += the transposed of `up` of d [n, 2h, 2w, c].
void up_gradient(const float *d, float *dx, float *row, int n, int h, int w, int c) {
    for (int i = 0; i < n; i++)
        for (int oy = 0; oy < 2 * h; oy++) {
            int near = oy / 2, far = oy & 1 ? near + 1 : near - 1;
            far = far < 0 ? 0 : far >= h ? h - 1 : far;
            const float *in = d + ((long)i * 2 * h + oy) * 2 * w * c;
            for (int j = 0; j < w; j++) {
                const float *even = in + 2 * j * c, *odd = even + c;
                const float *before = j ? odd - 2 * c : even, *after = j + 1 < w ? even + 2 * c : odd;
                for (int k = 0; k < c; k++)
                    row[j * c + k] = 0.75f * (even[k] + odd[k]) + 0.25f * (before[k] + after[k]);
            }
            float *a = dx + ((long)i * h + near) * w * c, *b = dx + ((long)i * h + far) * w * c;
            for (int j = 0; j < w * c; j++) a[j] += 0.75f * row[j];
            for (int j = 0; j < w * c; j++) b[j] += 0.25f * row[j];
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
