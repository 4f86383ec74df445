// Pictures to pixels, in the worker. Nothing with alpha goes through a canvas, which would premultiply it.
import type { Engine } from "./engine.js";
import type { PictureSource } from "./protocol.js";

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** More pixels than any camera's, fewer than fill a tab's memory. */
const MAX_PIXELS = 64_000_000;

/**
 * Makes a picture the engine's upload. A PNG is read by the engine itself, byte for byte; other files by the browser, with EXIF
 * orientation applied and colours converted to sRGB.
 */
export async function upload(engine: Engine, picture: PictureSource): Promise<void> {
  if (!(picture instanceof Blob)) return engine.uploadPixels(picture);
  const head = new Uint8Array(await picture.slice(0, PNG_SIGNATURE.length).arrayBuffer());
  if (PNG_SIGNATURE.every((byte, i) => head[i] === byte)) {
    return engine.uploadPng(new Uint8Array(await picture.arrayBuffer()));
  }
  const bitmap = await createImageBitmap(picture).catch(() => {
    throw new Error("the browser cannot read this file as a picture");
  });
  try {
    engine.uploadPixels(opaquePixels(bitmap, bitmap.width, bitmap.height));
  } finally {
    bitmap.close();
  }
}

let canvas: OffscreenCanvas | undefined;

/** Pixels of an opaque source through a canvas that is kept. */
export function opaquePixels(source: CanvasImageSource, width: number, height: number): ImageData {
  if (width * height > MAX_PIXELS) throw new RangeError(`${width} x ${height} pixels are more than 64 million`);
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("no 2d canvas in this worker");
  context.clearRect(0, 0, width, height);
  context.drawImage(source, 0, 0);
  return context.getImageData(0, 0, width, height);
}

/**
 * Writes a video's frame where the engine wants it. A `VideoFrame` is converted straight into the engine's memory where the browser
 * can do that; a rotated one, or an `ImageBitmap`, goes through a canvas (frames of a video are opaque).
 */
export async function writeFrame(engine: Engine, frame: VideoFrame | ImageBitmap): Promise<void> {
  if (!(frame instanceof ImageBitmap)) {
    const { width, height } = frame.visibleRect ?? { width: frame.codedWidth, height: frame.codedHeight };
    const upright = !frame.rotation && !frame.flip && width === frame.displayWidth && height === frame.displayHeight;
    if (upright && (await copyInto(engine, frame, width, height))) return;
    const pixels = opaquePixels(frame, frame.displayWidth, frame.displayHeight);
    engine.frameRoom(pixels.width, pixels.height).set(pixels.data);
    return;
  }
  const pixels = opaquePixels(frame, frame.width, frame.height);
  engine.frameRoom(pixels.width, pixels.height).set(pixels.data);
}

let copiesConvert = true;

async function copyInto(engine: Engine, frame: VideoFrame, width: number, height: number): Promise<boolean> {
  if (!copiesConvert) return false;
  const options: VideoFrameCopyToOptions = { format: "RGBA", colorSpace: "srgb" };
  try {
    if (frame.allocationSize(options) !== width * height * 4) return false;
    await frame.copyTo(engine.frameRoom(width, height), options);
    return true;
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
    // This browser's copyTo does not convert; asking again for every frame would be slow.
    copiesConvert = false;
    return false;
  }
}
