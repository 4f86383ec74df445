// The WebAssembly module behind a typed interface. It runs in the worker; functions and buffers are those of `wasm/src/exports.rs`.

/** RGBA pixels, rows from the top, alpha straight. `ImageData` is one. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** What was found in a frame. */
export interface Verdict {
  readonly finding: "person" | "low-confidence" | "no-person";
  /** The person's share of the frame, 0 to 1. */
  readonly coverage: number;
  /** 1 when every pixel of the person is certain. */
  readonly confidence: number;
}

interface OptionBase {
  readonly name: string;
  readonly help: string;
}

/** One option of an effect, as the library describes it. */
export type OptionInfo = OptionBase &
  (
    | { readonly kind: "number"; readonly min: number; readonly max: number; readonly default: number }
    | { readonly kind: "color"; readonly default: string }
    | { readonly kind: "picture" }
    | { readonly kind: "choice"; readonly values: readonly string[]; readonly default: string }
    | { readonly kind: "flag" }
  );

/** One effect, as the library describes it. */
export interface EffectInfo {
  readonly name: string;
  readonly summary: string;
  /** Whether the result has transparent parts where the picture had none. */
  readonly alpha: boolean;
  readonly options: readonly OptionInfo[];
}

/** What is laid under transparent parts where nothing can be transparent: a colour `#rrggbb`, or light and dark squares. */
export type Matte = "squares" | `#${string}`;

interface Exports {
  memory: WebAssembly.Memory;
  hypercut_start(): number;
  hypercut_effects(): void;
  hypercut_text(): number;
  hypercut_text_len(): number;
  hypercut_text_room(length: number): number;
  hypercut_file(): number;
  hypercut_file_len(): number;
  hypercut_file_room(length: number): number;
  hypercut_file_drop(): void;
  hypercut_frame(): number;
  hypercut_frame_room(width: number, height: number): number;
  hypercut_width(): number;
  hypercut_height(): number;
  hypercut_upload_room(width: number, height: number): number;
  hypercut_upload_png(): number;
  hypercut_take_frame(): number;
  hypercut_take_picture(): number;
  hypercut_take_logo(): number;
  hypercut_choose(): number;
  hypercut_segment(live: number): number;
  hypercut_mask(): number;
  hypercut_compose(logo: number): number;
  hypercut_flatten(matte: number): void;
  hypercut_output(): number;
  hypercut_output_len(): number;
  hypercut_channels(): number;
  hypercut_png(): number;
}

/** One instance of the module: one network, one effect, one frame at a time. */
export class Engine {
  readonly #wasm: Exports;

  private constructor(wasm: Exports) {
    this.#wasm = wasm;
    this.#check(wasm.hypercut_start());
  }

  static async load(module: WebAssembly.Module): Promise<Engine> {
    const instance = await WebAssembly.instantiate(module, {});
    return new Engine(instance.exports as unknown as Exports);
  }

  effects(): EffectInfo[] {
    this.#wasm.hypercut_effects();
    return JSON.parse(this.#text()) as EffectInfo[];
  }

  get width(): number {
    return this.#wasm.hypercut_width();
  }

  get height(): number {
    return this.#wasm.hypercut_height();
  }

  /** The module's own bytes for a frame, to be written before the next call. */
  frameRoom(width: number, height: number): Uint8Array {
    return this.#room(this.#wasm.hypercut_frame_room(width, height), width, height);
  }

  /** The frame's bytes, valid until the next call. */
  frame(): Uint8Array<ArrayBuffer> {
    return this.#bytes(this.#wasm.hypercut_frame(), this.width * this.height * 4);
  }

  uploadPixels(pixels: Pixels): void {
    const room = this.#wasm.hypercut_upload_room(pixels.width, pixels.height);
    this.#room(room, pixels.width, pixels.height).set(pixels.data);
  }

  uploadPng(file: Uint8Array): void {
    this.#bytes(this.#wasm.hypercut_file_room(file.length), file.length).set(file);
    this.#check(this.#wasm.hypercut_upload_png());
  }

  takeFrame(): void {
    this.#check(this.#wasm.hypercut_take_frame());
  }

  takePicture(option: string): void {
    this.#write(option);
    this.#check(this.#wasm.hypercut_take_picture());
  }

  takeLogo(): void {
    this.#check(this.#wasm.hypercut_take_logo());
  }

  choose(name: string, options: Record<string, unknown>): void {
    this.#write(JSON.stringify({ name, options }));
    this.#check(this.#wasm.hypercut_choose());
  }

  /** Finds the person. A frame of a video takes one look and follows the frame before; a picture takes several. */
  segment(nature: "live" | "still"): Verdict {
    this.#check(this.#wasm.hypercut_segment(nature === "live" ? 1 : 0));
    return JSON.parse(this.#text()) as Verdict;
  }

  /** A copy of the mask, one byte per pixel. */
  mask(): Uint8Array<ArrayBuffer> {
    return this.#bytes(this.#wasm.hypercut_mask(), this.width * this.height).slice();
  }

  compose(logo: boolean): void {
    this.#check(this.#wasm.hypercut_compose(logo ? 1 : 0));
  }

  /** The result as RGBA, valid until the next call. Without a matte it keeps its alpha. */
  output(matte?: Matte): Uint8Array<ArrayBuffer> {
    this.#wasm.hypercut_flatten(matteCode(matte));
    const length = this.#wasm.hypercut_output_len();
    if (length === 0) throw new Error("there is no result");
    return this.#bytes(this.#wasm.hypercut_output(), length);
  }

  /** The result as a PNG file, in the effect's own format: gray for a mask, with straight alpha for a cut-out. */
  png(): Uint8Array<ArrayBuffer> {
    this.#check(this.#wasm.hypercut_png());
    const file = this.#bytes(this.#wasm.hypercut_file(), this.#wasm.hypercut_file_len()).slice();
    this.#wasm.hypercut_file_drop();
    return file;
  }

  #bytes(start: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#wasm.memory.buffer as ArrayBuffer, start, length);
  }

  #room(start: number, width: number, height: number): Uint8Array {
    if (start === 0) throw new RangeError(`a picture of ${width} x ${height} pixels is empty or too large`);
    return this.#bytes(start, width * height * 4);
  }

  #text(): string {
    return new TextDecoder().decode(this.#bytes(this.#wasm.hypercut_text(), this.#wasm.hypercut_text_len()));
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#bytes(this.#wasm.hypercut_text_room(bytes.length), bytes.length).set(bytes);
  }

  #check(status: number): void {
    if (status !== 0) throw new Error(this.#text());
  }
}

function matteCode(matte: Matte | undefined): number {
  if (matte === undefined) return -2;
  if (matte === "squares") return -1;
  const colour = /^#([0-9a-f]{6})$/i.exec(matte)?.[1];
  if (colour === undefined) throw new Error(`matte \`${matte}\` is neither \`squares\` nor #rrggbb`);
  return Number.parseInt(colour, 16);
}
