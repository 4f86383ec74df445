// Pictures.
import type { Client } from "./client.js";
import { type EffectOptions, choose } from "./effect.js";
import type { EffectInfo, Matte, Pixels, Verdict } from "./engine.js";
import { type EngineOptions, launch } from "./launch.js";
import type { FileType, PictureSource } from "./protocol.js";

/** A mask of a picture's size: one byte per pixel, 0 is background, 255 is person. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly verdict: Verdict;
}

/** How a result is written. */
export interface SaveOptions {
  /** `image/png` (the default) keeps alpha, exactly; a JPEG is laid on white. */
  type?: FileType;
  /** Of a JPEG, 0 to 1. */
  quality?: number;
  /** Whether the logo given to {@link Segmenter.setLogo} is drawn. */
  logo?: boolean;
}

/** A worker for pictures: one is open at a time, and calls are answered in order. */
export class Segmenter {
  readonly #client: Client;
  /** Effects and their options, from the library itself. */
  readonly effects: readonly EffectInfo[];
  #size = { width: 0, height: 0 };

  /** @internal */
  constructor(client: Client, effects: readonly EffectInfo[]) {
    this.#client = client;
    this.effects = effects;
  }

  /** Opens a picture: a file, or pixels with straight alpha. Returns its size. */
  async open(picture: PictureSource): Promise<{ width: number; height: number }> {
    this.#size = await this.#client.call("open", { picture });
    return this.#size;
  }

  /** The open picture's pixels, as they were read. */
  original(): Promise<Pixels> {
    return this.#client.call("original", {});
  }

  /** Finds the person in the open picture. */
  async segment(): Promise<Mask> {
    const verdict = await this.#client.call("segment", {});
    const data = await this.#client.call("mask", {});
    return { ...this.#size, data, verdict };
  }

  /** Chooses an effect for what is drawn from now on. */
  switchTo(effect: string, options?: EffectOptions): Promise<void> {
    return choose(this.#client, effect, options);
  }

  /** Draws the open picture, after {@link segment}. RGBA with straight alpha, or opaque with a matte below. */
  compose(options: { matte?: Matte; logo?: boolean } = {}): Promise<Pixels> {
    return this.#client.call("compose", { matte: options.matte, logo: options.logo ?? false });
  }

  /**
   * For the screen alone: the picture as it was, or as composed last, at most `side` pixels long. It is made in the worker, so
   * that the page is not held up; a bitmap is premultiplied, so don't save it.
   */
  view(what: "original" | "result", side = 1600): Promise<ImageBitmap> {
    return this.#client.call("view", { what, side });
  }

  /** Draws the open picture and writes it as a file. */
  save(options: SaveOptions = {}): Promise<Blob> {
    const { type = "image/png", quality = 0.92, logo = false } = options;
    return this.#client.call("save", { type, quality, logo });
  }

  /** The logo that `save` and `compose` draw at the bottom right when asked to. */
  setLogo(picture: PictureSource): Promise<void> {
    return this.#client.call("logo", { picture });
  }

  /** Ends the worker. */
  close(): void {
    this.#client.close();
  }
}

/** Starts a worker for pictures. */
export async function createSegmenter(options: EngineOptions = {}): Promise<Segmenter> {
  const { client, effects } = await launch(options);
  return new Segmenter(client, effects);
}
