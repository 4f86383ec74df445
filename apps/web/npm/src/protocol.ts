// What page and worker say to each other.
import type { EffectInfo, Matte, Pixels, Verdict } from "./engine.js";

/** A picture as a file (decoded in the worker), or as pixels. */
export type PictureSource = Blob | Pixels;

/** File types that a result can be saved as. */
export type FileType = "image/png" | "image/jpeg";

export interface Calls {
  start: { request: { module: WebAssembly.Module }; reply: EffectInfo[] };
  choose: {
    request: { effect: string; options: Record<string, unknown>; pictures: Record<string, PictureSource> };
    reply: void;
  };
  logo: { request: { picture: PictureSource }; reply: void };
  /** Makes a picture the frame. */
  open: { request: { picture: PictureSource }; reply: { width: number; height: number } };
  /** The frame's own pixels, as they were understood. */
  original: { request: object; reply: Pixels };
  /** Finds the person in the frame. */
  segment: { request: object; reply: Verdict };
  mask: { request: object; reply: Uint8Array };
  /** Draws the effect on the frame with the mask found last. */
  compose: { request: { matte?: Matte | undefined; logo: boolean }; reply: Pixels };
  /** The frame, or what was composed last, for a screen: a bitmap whose longer side is at most `side`. */
  view: { request: { what: "original" | "result"; side: number }; reply: ImageBitmap };
  /** Draws the effect and writes a file. */
  save: { request: { type: FileType; quality: number; logo: boolean }; reply: Blob };
  /** A frame of a video: everything in one call. */
  live: {
    request: { frame: VideoFrame | ImageBitmap; matte: Matte; logo: boolean; before: boolean };
    /** `before` is the frame as it came, given back with what was composed of it to those who asked. */
    reply: { frame: VideoFrame | ImageBitmap; before: VideoFrame | ImageBitmap | undefined; verdict: Verdict };
  };
}

export type Kind = keyof Calls;

export type Request = { [K in Kind]: { id: number; kind: K } & Calls[K]["request"] }[Kind];

export type Reply = { id: number } & ({ value: unknown } | { error: string });
