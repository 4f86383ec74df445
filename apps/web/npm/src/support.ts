// What this browser can do.

/** A module with one function that uses a 128-bit vector: only an engine with SIMD takes it. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** The same with the relaxed product of four bytes. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 1, 1, 123, 32, 0, 32, 0, 32, 0, 253,
  147, 2, 11,
]);

/** Whether WebAssembly has 128-bit SIMD here; without it the plain module is used, with the same results. */
export function hasSimd(): boolean {
  return WebAssembly.validate(SIMD_PROBE);
}

/** Whether it has relaxed SIMD too: then the module that asks for it is used, with the same results, sooner. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_PROBE);
}

/** What can be done here. */
export interface Support {
  /** Pictures: WebAssembly and workers that can draw. */
  readonly pictures: boolean;
  /** Video tracks, one way or the other. */
  readonly video: boolean;
  /** Video tracks frame by frame (insertable streams); otherwise by way of a canvas. */
  readonly insertableStreams: boolean;
  readonly simd: boolean;
}

/** Looks at what the browser has. */
export function support(): Support {
  const pictures =
    typeof WebAssembly === "object" &&
    typeof Worker === "function" &&
    typeof OffscreenCanvas === "function" &&
    typeof createImageBitmap === "function";
  const insertableStreams =
    pictures &&
    typeof VideoFrame === "function" &&
    "MediaStreamTrackProcessor" in globalThis &&
    "MediaStreamTrackGenerator" in globalThis;
  const capture = typeof HTMLCanvasElement === "function" && "captureStream" in HTMLCanvasElement.prototype;
  const video = insertableStreams || (pictures && capture);
  return { pictures, video, insertableStreams, simd: pictures && hasSimd() };
}

/** Whether video tracks can be processed here; pictures need less (see {@link support}). */
export function isSupported(): boolean {
  return support().video;
}
